/** Requests to examples/tenants: which server a name or greeting leads to. */
import { type Case, each } from '../case.ts';
import { secure } from './secure.ts';

export const plain: Case[] = [
  ...[
    'acme.example',
    'x.acme.example',
    'globex.example',
    'initech.de',
    'initech.co.uk',
    'ACME.example:80',
  ].map(host => [301, 'GET /a%20b?c=d', { host }] as const),
  ...['none.example', 'acme.example.org', 'xacme.example', 'www.initech.de'].map(
    host => [404, 'GET /a', { host }] as const,
  ),
  [301, 'GET /', { host: 'acme.example.' }],
  [404, 'GET /', { host: null, version: '1.0' }],
  [200, 'GET /.well-known/acme-challenge/token', { host: 'none.example' }],
  [404, 'GET /.well-known/acme-challenge/none', { host: 'none.example' }],
  [301, 'POST /a', { host: 'acme.example', body: 'x' }],
  [400, 'GET /a', { to: 8443, host: 'acme.example' }],
];

export const names: Case[] = [
  ...secure('acme.example', each(200, 'GET', ['/whoami', '/', '/a?b=c'])),
  ...secure('shop.acme.example', [
    [200, 'GET /whoami'],
    [200, 'GET /whoami', { tls: { max: 'TLSv1.2' } }],
  ]),
  ...secure('deep.shop.acme.example', [[200, 'GET /whoami']]),
  ...secure('initech.de', each(200, 'GET', ['/', '/x'])),
  ...secure('initech.co.uk', [[200, 'GET /']]),
  ...secure('www.initech.de', [[421, 'GET /']]),
  ...secure('unknown.example', [
    [421, 'GET /'],
    [421, 'POST /x', { body: 'y' }],
  ]),
  ...secure('ann.pro.hosting.example', [
    [200, 'GET /'],
    [200, 'GET /plan'],
    [200, 'GET /files/own.txt'],
    [404, 'GET /files/other.txt'],
    [200, 'HEAD /files/own.txt'],
  ]),
  ...secure('ben.free.hosting.example', [
    [200, 'GET /plan'],
    [200, 'GET /files/own.txt'],
    [200, 'POST /x', { body: 'abc' }],
  ]),
  ...secure('ben.gold.hosting.example', [[421, 'GET /plan']]),
  ...secure('acme.example', [
    [200, 'GET /whoami', { host: 'x.acme.example', tls: { sni: 'acme.example' } }],
    [421, 'GET /', { host: 'other.example', tls: { sni: 'acme.example' } }],
    [200, 'GET /whoami', { tls: { sni: '' } }],
    [200, 'GET /whoami', { tls: { sni: 'unknown.example' } }],
    [200, 'GET /whoami', { tls: { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', max: 'TLSv1.2' } }],
    [200, 'GET /whoami', { tls: { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', max: 'TLSv1.2' } }],
    [0, 'GET /whoami', { tls: { ciphers: 'AES128-SHA', max: 'TLSv1.2' } }],
    [200, 'GET /whoami', { version: '1.0' }],
    [400, 'GET /whoami', { host: null }],
  ]),
];
