/** Requests to examples/static-api that pass to the API, and the limit on logins. */
import { type Case, each } from '../case.ts';

export const api: Case[] = [
  ...each(200, 'GET', [
    '/api/',
    '/api/a',
    '/api/a/b?c=d',
    '/api//a',
    '/api/a%20b?q=%20',
    '/api/%41',
    '/api/a/../b',
    '/api/x%3Fy',
    '/api/a;b=c',
  ]),
  ...each(200, 'GET', [
    '/api/chunked',
    '/api/until-close',
    '/api/headers',
    '/api/health',
    '/api/health?x=1',
    '/api/caf%C3%A9',
  ]),
  ...each(200, 'HEAD', ['/api/a', '/api/chunked', '/api/stock']),
  ...[200, 201, 204, 206, 304, 400, 404, 409, 418, 500, 599].map(
    code => [code, `GET /api/status/${code}`] as const,
  ),
  [302, 'GET /api/redirect/x?y=1'],
  ...each(200, 'POST', ['/api/a', '/api/a?b'], {
    body: 'name=kettle',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  }),
  ...['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE', 'M-SEARCH'].map(
    method => [200, `${method} /api/a`, { body: '{}' }] as const,
  ),
  ...each(405, 'TRACE', ['/api/a', '/about.html']),
  [200, 'POST /api/a', { body: 'x'.repeat(100_000) }],
  [413, 'POST /api/a', { body: 'x'.repeat(300_000) }],
  [
    200,
    'POST /api/a',
    { body: '3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n', headers: { 'Transfer-Encoding': 'chunked' } },
  ],
  [
    200,
    'GET /api/a',
    {
      headers: {
        'X-Forwarded-For': '192.0.2.7',
        'X-Real-IP': 'false',
        'Accept-Encoding': 'gzip',
        TE: 'trailers',
      },
    },
  ],
  [
    200,
    'GET /api/a',
    {
      headers: {
        'X-Dup': ['1', '2'],
        'X-Empty': '',
        Cookie: ['a=1', 'b=2'],
        'Proxy-Connection': 'x',
        Upgrade: 'h2c',
      },
    },
  ],
  [200, 'GET /api/a', { headers: { under_score: 'dropped', 'X.dot': 'dropped', 'X-Ok': 'kept' } }],
  [200, 'GET /api/a', { version: '1.0', headers: { Connection: 'keep-alive, close' } }],
  [200, 'GET /shelf/200'],
  [200, 'GET /shelf/404'],
  [403, 'GET /shelf/403'],
  [503, 'GET /shelf/500'],
  [401, 'GET /shelf/401'],
  [200, 'GET /api/a', { headers: { Expect: '100-continue' } }],
  [200, 'POST /api/a', { body: 'late', headers: { Expect: '100-continue' } }],
];

/** Asked in this order: five attempts pass, then the zone is full. */
export const limits: Case[] = [
  ...each(200, 'POST', ['/login', '/login?2', '/login?3', '/login?4', '/login?5'], { body: 'user=ann' }),
  ...each(429, 'POST', ['/login?6', '/login?7'], { body: 'user=ann' }),
  [429, 'GET /login'],
];

/** Asked last: a 503 counts as a failure of each server that gave it, the backup included. */
export const failing: Case[] = [
  [503, 'GET /api/status/503'],
  [503, 'POST /api/status/503', { body: 'x' }],
];
