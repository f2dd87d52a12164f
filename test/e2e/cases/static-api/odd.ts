/** Requests to examples/static-api that no well-behaved client sends. */
import type { Case } from '../case.ts';

const close = 'Connection: close\r\n\r\n';
const raw = (status: number, name: string, bytes: string, methods?: readonly string[]): Case => [
  status,
  name,
  methods ? { raw: bytes, methods } : { raw: bytes },
];

export const odd: Case[] = [
  raw(0, 'no version', 'GET /\r\n\r\n'),
  raw(505, 'version 2', `GET / HTTP/2.0\r\nHost: {host}\r\n${close}`),
  raw(400, 'version in letters', `GET / HTTP/one\r\nHost: {host}\r\n${close}`),
  raw(400, 'lower case method', `get / HTTP/1.1\r\nHost: {host}\r\n${close}`),
  raw(200, 'bare line feeds', 'GET /plain HTTP/1.1\nHost: {host}\nConnection: close\n\n'),
  raw(200, 'empty lines first', `\r\n\r\nGET /plain HTTP/1.1\r\nHost: {host}\r\n${close}`),
  raw(400, 'a space before the colon', `GET /plain HTTP/1.1\r\nHost : {host}\r\n${close}`),
  raw(200, 'a line without colon', `GET /plain HTTP/1.1\r\nHost: {host}\r\nnonsense\r\n${close}`),
  raw(
    400,
    'both lengths',
    `POST /api/a HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n${close}0\r\n\r\n`,
  ),
  raw(
    400,
    'two lengths',
    `POST /api/a HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nContent-Length: 3\r\n${close}abc`,
  ),
  raw(
    400,
    'a length with a sign',
    `POST /api/a HTTP/1.1\r\nHost: {host}\r\nContent-Length: +3\r\n${close}abc`,
  ),
  raw(400, 'a length in hex', `POST /api/a HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0x3\r\n${close}abc`),
  raw(
    501,
    'an unknown coding',
    `POST /api/a HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: gzip\r\n${close}`,
  ),
  raw(
    400,
    'a bad chunk size',
    `POST /api/a HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n${close}zz\r\nabc\r\n0\r\n\r\n`,
  ),
  raw(400, 'a NUL in a value', `GET /plain HTTP/1.1\r\nHost: {host}\r\nX-A: a\0b\r\n${close}`),
  raw(
    400,
    'a field too large',
    `GET /plain HTTP/1.1\r\nHost: {host}\r\nX-A: ${'a'.repeat(5000)}\r\n${close}`,
  ),
  raw(
    400,
    'many large fields',
    `GET /plain HTTP/1.1\r\nHost: {host}\r\n${`X-A: ${'a'.repeat(3000)}\r\n`.repeat(6)}${close}`,
  ),
  raw(
    200,
    'fields of a few KB',
    `GET /plain HTTP/1.1\r\nHost: {host}\r\n${`X-A: ${'a'.repeat(1500)}\r\n`.repeat(4)}${close}`,
  ),
  raw(
    200,
    'two at once',
    `GET /plain HTTP/1.1\r\nHost: {host}\r\n\r\nGET /tell HTTP/1.1\r\nHost: {host}\r\n${close}`,
    ['GET', 'GET'],
  ),
  raw(
    204,
    'a refused body, then another',
    `POST /favicon.ico HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\n\r\nabcGET /plain HTTP/1.1\r\nHost: {host}\r\n${close}`,
    ['POST', 'GET'],
  ),
  raw(
    200,
    'HTTP/1.0 kept alive',
    `GET /plain HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\nGET /tell HTTP/1.0\r\nHost: {host}\r\n\r\n`,
    ['GET', 'GET'],
  ),
  raw(200, 'HTTP/1.0 proxied', 'GET /api/chunked HTTP/1.0\r\nHost: {host}\r\n\r\n'),
  raw(
    200,
    'HEAD, then GET',
    `HEAD /api/a HTTP/1.1\r\nHost: {host}\r\n\r\nGET /api/a HTTP/1.1\r\nHost: {host}\r\n${close}`,
    ['HEAD', 'GET'],
  ),
  raw(400, 'CONNECT', `CONNECT {host}:443 HTTP/1.1\r\nHost: {host}\r\n${close}`),
];
