/** Requests for examples/workspace. */
import { echoServer } from '../echo.ts';
import { type Case, each, type Site } from './case.ts';

const signedIn = { headers: { Cookie: 'session=good; theme=dark' } };
const chunks = (...parts: string[]) =>
  `${parts.map(part => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;
const chunked = (...parts: string[]) => ({
  body: chunks(...parts),
  headers: { 'Transfer-Encoding': 'chunked' },
});

const pages: Case[] = [
  ...each(200, 'GET', [
    '/',
    '/index',
    '/about',
    '/about.html',
    '/program/page?x=1',
    '/long.txt',
    '/trickle/index.html',
  ]),
  ...each(200, 'HEAD', ['/about', '/long.txt', '/program/page', '/trickle/long.txt']),
  ...each(404, 'GET', ['/errors/calm.html', '/vault/reports/q1.txt', '/auth', '/trickle/none']),
  ...each(200, 'POST', ['/program'], { body: 'posted' }),
  [200, 'GET /trickle/long.txt'],
  [206, 'GET /trickle/long.txt', { headers: { Range: 'bytes=100-149' } }],
  [200, 'GET /mirror-of/this?q=1', { headers: { 'X-A': '1', Cookie: 'c=d' } }],
  [200, 'POST /mirror-of/this', { body: 'a body' }],
  [200, 'GET /handled'],
];

const sockets: Case[] = [
  [426, 'GET /socket'],
  [426, 'GET /socket?room=1', { headers: { Connection: 'keep-alive, close' } }],
  [426, 'POST /socket', { body: 'x' }],
  [200, 'GET /other', { headers: { Upgrade: 'websocket', Connection: 'upgrade, close' } }],
  [200, 'GET /events/now'],
  [200, 'GET /events/now', { version: '1.0' }],
  [200, 'HEAD /events/now'],
];

const uploads: Case[] = [
  ...each(200, 'POST', ['/upload/a', '/upload/kept/a', '/upload/any-size', '/upload/tiny/a'], {
    body: 'ten bytes!',
  }),
  ...each(413, 'POST', ['/upload/tiny/a'], { body: 'eleven byte' }),
  ...each(200, 'PUT', ['/upload/a', '/upload/kept/a', '/program/a'], { body: 'x'.repeat(50_000) }),
  ...each(200, 'POST', ['/upload/a', '/upload/kept/a'], { body: 'y'.repeat(900_000) }),
  ...each(413, 'POST', ['/upload/a', '/upload/kept/a', '/program/a', '/private/a'], {
    body: 'z'.repeat(1_100_000),
  }),
  [200, 'POST /upload/any-size', { body: 'w'.repeat(1_100_000) }],
  ...each(
    200,
    'POST',
    ['/upload/a', '/upload/kept/a', '/upload/any-size', '/program/a'],
    chunked('one', 'and', 'two'),
  ),
  ...each(200, 'POST', ['/upload/a', '/upload/kept/a', '/program/a'], chunked()),
  ...each(
    413,
    'POST',
    ['/upload/tiny/a', '/upload/kept/a'],
    chunked('v'.repeat(600_000), 'v'.repeat(600_000)),
  ),
  ...each(200, 'POST', ['/upload/a', '/upload/kept/a'], chunked('u'.repeat(40_000), 'u', 'u'.repeat(9000))),
  ...each(200, 'POST', ['/upload/a', '/upload/kept/a'], { body: '' }),
  ...each(200, 'POST', ['/upload/a', '/upload/kept/a', '/upload/tiny/a'], {
    body: 'expected',
    headers: { Expect: '100-continue' },
  }),
  [413, 'POST /upload/tiny/a', { headers: { Expect: '100-continue', 'Content-Length': '11' } }],
  [200, 'GET /upload/a', { headers: { 'Content-Type': 'text/odd', 'Content-Encoding': 'none' } }],
  ...each(200, 'DELETE', ['/upload/a', '/upload/kept/a']),
  [200, 'POST /drop', { body: 'dropped', headers: { 'Content-Type': 'text/plain' } }],
  [200, 'GET /drop'],
  [400, 'POST /upload/a', { body: '5\r\nabc\r\n0\r\n\r\n', headers: { 'Transfer-Encoding': 'chunked' } }],
  [
    400,
    'POST /upload/kept/a',
    { body: 'g\r\nabc\r\n0\r\n\r\n', headers: { 'Transfer-Encoding': 'chunked' } },
  ],
];

const permitted: Case[] = [
  ...each(200, 'GET', [
    '/ask-for/plain',
    '/ask-for/typed',
    '/ask-for/spaced',
    '/ask-for/queried',
    '/ask-for/other',
  ]),
  ...each(200, 'GET', ['/ask-plainly/plain', '/ask-plainly/missing', '/ask-plainly/queried']),
  [404, 'GET /ask-for/missing'],
  [503, 'GET /ask-for/named'],
  [404, 'GET /ask-for/outside'],
  [200, 'HEAD /ask-for/plain'],
  [200, 'POST /ask-for/plain', { body: 'x' }],
  [206, 'GET /ask-for/plain', { headers: { Range: 'bytes=0-5' } }],
  [304, 'GET /ask-for/plain', { headers: { 'If-None-Match': '*' } }],
];

const accounts: Case[] = [
  ...each(401, 'GET', ['/private/a', '/private/files/q1.txt', '/private/either/q1.txt']),
  ...each(200, 'GET', ['/private/a?b', '/private/files/q1.txt', '/private/either/q1.txt'], signedIn),
  ...each(403, 'GET', ['/private/a', '/private/files/q1.txt'], { headers: { Cookie: 'session=bad' } }),
  ...each(500, 'GET', ['/private/a', '/private/files/q1.txt'], { headers: { Cookie: 'session=odd' } }),
  [200, 'POST /private/a', { body: 'kept for the program', ...signedIn }],
  [401, 'POST /private/a', { body: 'refused' }],
  [404, 'GET /private/files/none.txt', signedIn],
  [200, 'HEAD /private/a', signedIn],
];

const legacy: Case[] = [
  ...each(200, 'GET', [
    '/legacy/page',
    '/legacy/text',
    '/legacy/chunks',
    '/legacy/cookies',
    '/legacy/refresh',
    '/legacy/other?a',
  ]),
  ...each(200, 'GET', ['/legacy/raw/page', '/legacy/raw/text', '/legacy/raw/chunks', '/legacy/raw/cookies']),
  ...each(
    302,
    'GET',
    ['itself', 'legacy', 'named', 'elsewhere', 'relative', 'bare'].map(name => `/legacy/to/${name}`),
  ),
  ...each(
    302,
    'GET',
    ['itself', 'legacy', 'named'].map(name => `/legacy/raw/to/${name}`),
  ),
  [200, 'HEAD /legacy/page'],
  [200, 'GET /legacy/page', { headers: { 'Accept-Encoding': 'gzip', 'If-None-Match': '"old"' } }],
];

const failures: Case[] = [
  ...[200, 201, 302, 400, 404, 503].map(code => [code, `GET /guarded/${code}`] as const),
  [200, 'GET /guarded/500'],
  [200, 'GET /guarded/418'],
  [405, 'POST /about', { body: 'posted' }],
  [200, 'POST /guarded/418', { body: 'x' }],
  ...each(502, 'GET', ['/nobody/', '/nobody/x?y']),
  [502, 'POST /nobody/', { body: 'x' }],
  [502, 'GET /nobody/plain/'],
  ...each(502, 'GET', ['/broken/nothing', '/broken/head', '/broken/huge', '/broken/name']),
  ...each(200, 'GET', ['/broken/version', '/broken/lengths', '/broken/both']),
  ...each(200, 'GET', ['/broken/half', '/broken/chunk']),
  [502, 'HEAD /broken/nothing'],
];

const machine = { host: 'api.workspace.example', to: 8081 };
const machines: Case[] = [
  [
    200,
    'GET /a',
    { ...machine, headers: { under_score: 'kept', 'X.dot': 'kept', Connection: 'keep-alive' } },
  ],
  [200, 'GET /a', { ...machine, headers: { Connection: 'keep-alive' }, version: '1.0' }],
  [200, 'POST /a', { ...machine, body: 'x', headers: { Connection: 'keep-alive' } }],
  [
    200,
    'two of three are answered',
    {
      raw: 'GET /a HTTP/1.1\r\nHost: few.workspace.example\r\n\r\n'.repeat(3),
      methods: ['GET', 'GET'],
    },
  ],
  [200, 'GET /v1/chunked', { host: 'few.workspace.example' }],
  [200, 'GET /v1/until-close', { host: 'few.workspace.example' }],
  [200, 'GET /v1/chunked', { ...machine, version: '1.0' }],
];

export const WORKSPACE: Site = {
  folder: 'workspace',
  host: 'workspace.example',
  listeners: [8080, 8081],
  servers: { 3021: echoServer('program'), 3022: echoServer('accounts'), 3029: null },
  groups: { pages, sockets, uploads, permitted, accounts, legacy, failures, machines },
};
