/** `listen`, with what nginx took beside it once, and `ssl`, which stood in for its parameter. */
import { suggest } from '#kit/suggest.ts';
import type { ListenModel } from '#model/l7/http.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { LISTEN_PARAMETERS, listenModel, setsSocket } from './listen.ts';

const listen = defineDirective({
  name: 'listen',
  context: ['server'],
  repeats: true,
  args: {
    address: arg.token('an address, a port or unix:/path'),
    parameters: arg.token('parameters').rest(0),
  },
  doc: {
    summary: 'An address on which the server answers; `8000-8003` is four.',
    default: 'listen *:80; (*:8000 without root)',
    example: 'listen 443 ssl default_server;',
    differs: 'a line with quic is left out with a warning: clients go on over TCP.',
    since: '0.1',
  },
  compile({ address, parameters }, scope) {
    for (const token of parameters) refuseUnknown(token);
    const words = parameters.map(token => token.text).filter(word => word !== 'quic' && word !== 'spdy');
    warnOfOldParameters(parameters, scope);
    const quic = parameters.find(token => token.text === 'quic');
    for (const text of portsOf(address.text)) {
      const model = listenModel(text, words);
      if (!quic) add(model, words, address, scope);
    }
    if (quic) leaveOut(quic, scope);
  },
});

function add(model: ListenModel, words: readonly string[], address: Token, { server }: Scope): void {
  const key = model.kind === 'unix' ? `unix:${model.address}` : `${model.address}:${model.port}`;
  if (server.listens.some(other => other.key === key))
    throw new ArgumentFault(`this server already listens on ${address.text}`);
  server.listens.push({ key, listen: model, setsSocket: words.some(setsSocket), site: address });
}

/** `8000-8003` is four addresses. @throws {ArgumentFault} when the range runs backwards, or over the last port */
function portsOf(text: string): readonly string[] {
  const match = /^((?:.*:)?)(\d+)-(\d+)$/.exec(text);
  if (!match || text.startsWith('unix:')) return [text];
  const [, host = '', from, to] = match;
  const [first, last] = [Number(from), Number(to)];
  if (first < 1 || last < first || last > 65535)
    throw new ArgumentFault(
      `${from}-${to} is not a range of ports`,
      'write the lower one first, from 1 to 65535',
    );
  return Array.from({ length: last - first + 1 }, (_, at) => `${host}${first + at}`);
}

function refuseUnknown(token: Token): void {
  const name = token.text.split('=')[0]!;
  if (LISTEN_PARAMETERS.includes(name) || name === 'quic' || name === 'spdy') return;
  const near = suggest(name, LISTEN_PARAMETERS);
  const hint = near ? `did you mean "${near}"?` : `it knows ${LISTEN_PARAMETERS.join(', ')}`;
  throw new ArgumentFault(`invalid parameter "${token.text}"`, hint, token);
}

function warnOfOldParameters(parameters: readonly Token[], scope: Scope): void {
  const http2 = parameters.find(token => token.text === 'http2');
  const spdy = parameters.find(token => token.text === 'spdy');
  if (http2)
    scope.faults.warn(
      'deprecated',
      'the "listen ... http2" directive is deprecated',
      http2,
      'use the "http2" directive instead',
    );
  if (spdy)
    scope.faults.warn(
      'deprecated',
      'nobody speaks SPDY any more, ignored',
      spdy,
      'use the "http2" directive',
    );
}

/** QUIC has a socket of its own, of UDP; who is not answered there comes by TCP. */
function leaveOut(quic: Token, scope: Scope): void {
  const { server, faults } = scope;
  faults.warn(
    'no-effect',
    'moat does not speak HTTP/3: this "listen" is left out',
    quic,
    'clients go on over TCP; remove the line, and the Alt-Svc header that offers h3',
  );
  server.whenRead.push(() => {
    if (server.listens.length > 0) return;
    const hint = 'moat does not speak HTTP/3; add a listen with ssl on the same port';
    faults.error('not-implemented', 'the server listens for QUIC alone', quic, hint);
  });
}

const ssl = defineDirective({
  name: 'ssl',
  context: ['server'],
  args: { on: arg.flag() },
  doc: {
    summary:
      'TLS on every address of the server. nginx takes it no more since 1.25.1: write ssl on the `listen` lines.',
    default: 'ssl off;',
    example: 'ssl on;',
    since: '0.1',
  },
  compile({ on }, { server, faults }, { name }) {
    faults.warn(
      'deprecated',
      'the "ssl" directive is deprecated',
      name,
      'write ssl after the port of each listen that speaks TLS',
    );
    if (!on) return;
    server.whenRead.push(() => {
      server.listens = server.listens.map(own => ({ ...own, listen: { ...own.listen, tls: true } }));
    });
  },
});

export const LISTEN = [listen, ssl];
