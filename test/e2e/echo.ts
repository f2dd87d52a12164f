/** What the servers behind the example sites answer: mostly an account of the request, so that both halves are compared. */
import type { Socket } from 'node:net';
import { header } from './message.ts';
import { type Answer, type Received, response } from './upstream.ts';

type Page = (request: Received, rest: string, socket: Socket) => string | undefined;

/** A server called `name`: pages below, and everywhere else an account of the request in JSON. */
export function echoServer(name: string): Answer {
  return (request, socket) => {
    const path = request.target.split('?')[0]!;
    const prefix = Object.keys(PAGES).find(start => path.startsWith(start));
    if (prefix === undefined) return account(name, request);
    return PAGES[prefix]!(request, path.slice(prefix.length), socket);
  };
}

/** Everything the server saw; fields of different names are sorted, for their order means nothing. */
function account(name: string, request: Received): string {
  const headers = request.headers.map(([key, value]) => `${key}: ${value}`).sort();
  const body =
    request.body.length > 200 ? `${request.body.length} bytes, sum ${sum(request.body)}` : request.body;
  const seen = { server: name, start: request.start, headers, body, trailers: request.trailers };
  return json(seen, ['X-Powered-By: patience', `X-Server: ${name}`]);
}

const json = (value: unknown, headers: readonly string[] = []) =>
  response(200, `${JSON.stringify(value, null, 1)}\n`, ['Content-Type: application/json', ...headers]);

function sum(bytes: string): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at++) total = (total * 31 + bytes.charCodeAt(at)) % 1_000_000_007;
  return total;
}

const HTML = ['Content-Type: text/html', 'Last-Modified: Sun, 05 May 2024 10:20:30 GMT', 'ETag: "old"'];
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n';

const ASKED: Record<string, readonly string[]> = {
  plain: [
    'X-Accel-Redirect: /vault/reports/q1.txt',
    'X-Secret: yes',
    'Set-Cookie: seen=1',
    'Server: program',
  ],
  typed: [
    'X-Accel-Redirect: /vault/reports/q1.txt',
    'Content-Type: text/csv',
    'Content-Disposition: attachment',
    'X-Other: lost',
  ],
  spaced: [
    'X-Accel-Redirect: /vault/reports/second%20quarter.txt',
    'Cache-Control: private',
    'Expires: Thu, 01 Jan 2026 00:00:00 GMT',
  ],
  queried: [
    'X-Accel-Redirect: /vault/reports/q1.txt?inline=1',
    'X-Accel-Limit-Rate: 100000',
    'X-Accel-Charset: utf-8',
  ],
  missing: ['X-Accel-Redirect: /vault/reports/none.txt'],
  named: ['X-Accel-Redirect: @away'],
  outside: ['X-Accel-Redirect: /vault/../www/index.html'],
};

const BROKEN: Record<string, string> = {
  nothing: '',
  half: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this',
  chunk: `${CHUNKED}\r\n5\r\nwhole\r\n64\r\nonly this`,
  head: 'HTTP/1.1 200 OK\r\nX-Cut: of',
  version: 'HTP/9 200 fine\r\n\r\n',
  lengths: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc',
  both: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
  name: 'HTTP/1.1 200 OK\r\nX-A: 1\r\n: none\r\nContent-Length: 2\r\n\r\nab',
  huge: `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(40_000)}\r\nContent-Length: 2\r\n\r\nab`,
};

const PAGES: Record<string, Page> = {
  '/v1/chunked': () => `${CHUNKED}\r\n5\r\nfirst\r\n7\r\n second\r\n0\r\n\r\n`,
  '/v1/until-close': (_, _rest, socket) => {
    socket.end('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nno length at all');
    return undefined;
  },
  '/v1/stock': () => json({ kettles: 7, shelf: Array.from({ length: 60 }, (_, at) => `kettle ${at}`) }),
  '/v1/status/': (_, rest) => status(Number(rest)),
  '/v1/headers': () =>
    response(200, 'x', [
      'Server: kettle/1',
      'Date: Sun, 05 May 2024 10:20:30 GMT',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'X-Accel-Expires: 5',
      'Cache-Control: no-store',
      'Cache-Control: private',
      'Vary: Accept',
      'Link: </a>; rel=preload',
      'Connection: X-Hop',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'x-lower: 1',
    ]),
  '/v1/redirect': (_, rest) => response(302, '', [`Location: http://api/v1/target${rest}`]),
  '/shelf/': (_, rest) => status(Number(rest)),
  '/status/': (_, rest) => status(Number(rest)),
  '/check': request => {
    const session = /session=(\w+)/.exec(header(request, 'cookie') ?? '')?.[1];
    if (session === 'good')
      return response(204, '', ['X-Account: ann', 'Set-Cookie: lost=1']).replace('Content-Length: 0\r\n', '');
    if (session === 'bad') return response(403, 'no');
    if (session === 'odd') return response(500, 'oh');
    return response(401, 'who?', ['WWW-Authenticate: Bearer realm="workspace"']);
  },
  '/ask-for/': (_, rest) => response(200, 'not the file', ASKED[rest] ?? []),
  '/old-app/page': () =>
    response(
      200,
      '<a href="/old-app/x">x</a> OLD OLD <a href="http://legacy.internal/">home</a> <a href="/OLD-APP/Y">y</a>\n',
      HTML,
    ),
  '/old-app/text': () =>
    response(200, 'OLD text, OLD ways\n', ['Content-Type: text/plain', 'Content-Length-Was: 5']),
  '/old-app/chunks': () => `${CHUNKED}\r\n5\r\none O\r\n7\r\nLD two \r\n4\r\nOLD\n\r\n0\r\n\r\n`,
  '/old-app/cookies': () =>
    response(200, 'c', [
      'Set-Cookie: sid=1; Path=/old-app/; HttpOnly',
      'Set-Cookie: a=b; path=/other/thing/deep; Domain=legacy.internal',
      'Set-Cookie: plain=1',
      'Set-Cookie: d=1; domain=.legacy.internal; Path=/; Secure',
    ]),
  '/old-app/to/': (_, rest) => response(302, '', [`Location: ${REDIRECTS[rest] ?? ''}`]),
  '/old-app/refresh': () => response(200, 'r', ['Refresh: 5; url=http://legacy.internal:8000/later']),
  '/broken/': (_, rest, socket) => {
    socket.end(BROKEN[rest] ?? '', 'latin1');
    return undefined;
  },
  '/events/': () =>
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n' +
    'f\r\ndata: first\r\n\r\n\r\n0\r\n\r\n',
  '/socket': (request, _rest, socket) => {
    if (header(request, 'upgrade') === undefined)
      return response(426, 'upgrade, please', ['Upgrade: websocket']);
    socket.removeAllListeners('data').on('data', chunk => socket.write(`echo ${chunk}`, 'latin1'));
    return 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Seen: ws\r\n\r\nhello';
  },
};

const REDIRECTS: Record<string, string> = {
  itself: 'http://program/old-app/next',
  legacy: 'http://legacy.internal:8000/next?x=1',
  named: 'http://mail.internal/inbox',
  elsewhere: 'https://example.org/',
  relative: '/old-app/relative',
  bare: 'next',
};

function status(code: number): string {
  if (code === 204 || code === 304) return `HTTP/1.1 ${code} Test\r\nX-Status: ${code}\r\nETag: "s"\r\n\r\n`;
  return response(code, `status ${code}\n`, [
    'Content-Type: text/plain',
    `X-Status: ${code}`,
    'WWW-Authenticate: Basic realm="api"',
  ]);
}
