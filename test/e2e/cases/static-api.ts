/** Requests for examples/static-api. */
import { echoServer } from '../echo.ts';
import { type Case, each, type Site, withEach } from './case.ts';

const MTIME = 'Sun, 05 May 2024 10:20:30 GMT';
const TEN = '/download/ten.bin';
const BIG = '/download/catalogue.bin';
const GZIP = { headers: { 'Accept-Encoding': 'gzip' } };

const files: Case[] = [
  ...each(200, 'GET', [
    '/',
    '/index.html',
    '/about.html',
    '/blog/',
    '/plain',
    '/empty.txt',
    '/news.xml',
    '/site.webmanifest',
  ]),
  ...each(200, 'HEAD', ['/', '/about.html', '/empty.txt', '/site.css', BIG]),
  ...each(200, 'GET', [
    '/site.css',
    '/shop.js',
    '/assets/app.3f2a9c.js',
    '/assets/logo.svg',
    '/members/note.txt',
  ]),
  ...each(301, 'GET', ['/blog/../app', '/assets', '/members?x=1', '/docs/hidden']),
  ...each(404, 'GET', [
    '/nothing',
    '/nothing/',
    '/assets/none.js',
    '/x.css',
    '/assets/',
    '/index.php',
    '/a/b.ASPX',
    '/errors/404.html',
  ]),
  ...each(403, 'GET', [
    '/.env',
    '/members/',
    '/a/.git/config',
    '/.ENV',
    '/app/.hidden',
    '/download/',
    '/docs/hidden/k3.txt',
  ]),
  ...each(200, 'GET', [
    '/.well-known/security.txt',
    '/docs/',
    '/docs/k1.txt',
    '/docs/models.csv',
    '/manual-k1',
    '/whole/ten.bin',
  ]),
  ...each(404, 'GET', ['/docs/none.txt', '/docs/none.csv', '/manual-k9', '/manual-', '/errors/']),
  ...each(405, 'POST', ['/about.html', '/site.css', '/download/ten.bin', '/assets/logo.svg'], {
    body: 'x=1',
  }),
  ...each(405, 'DELETE', ['/about.html', '/']),
  [405, 'OPTIONS /about.html'],
  [405, 'BREW /about.html'],
  [204, 'GET /favicon.ico'],
  [204, 'POST /favicon.ico', { body: 'ignored' }],
  ...each(200, 'GET', ['/feed/news.xml', '/feeds/news.xml', '/FEED/news.xml']),
  [404, 'GET /feed/none.xml'],
];

const paths: Case[] = [
  ...each(200, 'GET', [
    '/%61bout.html',
    '/./about.html',
    '/blog/../about.html',
    '//about.html',
    '/about.html?',
    '/about.html?a=1&b',
  ]),
  ...each(200, 'GET', [
    '/blog//index.html',
    '/a/b/../../about.html',
    '/blog/./',
    '/blog/%2e%2e/about.html',
    '/about.html#part',
  ]),
  ...each(200, 'GET', [
    '/caf%C3%A9%20menu.html',
    '/caf\xc3\xa9%20menu.html',
    '/%2fabout.html',
    '/about%2ehtml',
    '///',
  ]),
  ...each(400, 'GET', [
    '/../about.html',
    '/%2e%2e/etc/passwd',
    '/a/../../b',
    '/%00',
    '/a%00b',
    '/%zz',
    '/%',
    '/%4',
    '/blog/%2e%2e/%2e%2e/x',
  ]),
  ...each(404, 'GET', [
    '/about.html/',
    '/ABOUT.html',
    '/about.html%20',
    '/about.html%3Fx',
    '/caf%E9%20menu.html',
    '/%25',
    '/a%5c..%5cb',
    '/about.html;x',
  ]),
  ...each(400, 'GET', ['about.html', '*', '', 'http:/about.html', '?x']),
  ...each(404, 'GET', ['/a...', '/a/b..', '/+', '/~x', '/a&b', '/|', '/{x}', '/"', '/<x>', '/^']),
  [200, 'GET http://shop.example/about.html', { host: 'other.example' }],
  [400, 'GET HTTP://SHOP.EXAMPLE/about.html?x=1', { host: null }],
  [200, 'GET HTTP://SHOP.EXAMPLE/about.html?x=1', { host: 'x' }],
  [200, 'GET http://shop.example:99/tell?full', { host: 'shop.example' }],
  [404, `GET /${'long/'.repeat(150)}`],
  [414, `GET /${'x'.repeat(5000)}`],
  [404, `GET /q?${'y'.repeat(3000)}`],
];

const hosts: Case[] = [
  ...['www.shop.example', 'SHOP.Example', 'shop.example.', 'shop.example:8080', 'shop.example:'].map(
    host => [200, 'GET /tell?a=1', { host }] as const,
  ),
  ...['other.example', 'x.shop.example', '127.0.0.1', '[::1]', '-'].map(
    host => [0, 'GET /', { host }] as const,
  ),
  ...['shop.example/x', 'shop..example', 'shop example', '', 'shop.example\x00'].map(
    host => [400, 'GET /tell', { host }] as const,
  ),
  [400, 'GET /', { host: null }],
  [0, 'GET /', { host: null, version: '1.0' }],
  [400, 'GET /', { host: null, headers: { Host: ['shop.example', 'shop.example'] } }],
  ...['old.shop.example', 'a.old-shop.example', 'a.b.old-shop.example'].map(
    host => [301, 'GET /x/y?z=1', { host }] as const,
  ),
  [301, 'GET /a%20b/%C3%A9?q=%20', { host: 'old.shop.example' }],
  [0, 'GET /', { host: 'old-shop.example' }],
  [301, 'GET /catalogue/K1.html?x=1', { host: 'old.shop.example' }],
  [302, 'GET /catalogue/deep/K1?x=1', { host: 'old.shop.example' }],
  [302, 'GET /catalogue', { host: 'old.shop.example' }],
  [410, 'GET /gone', { host: 'old.shop.example' }],
  [307, 'POST /moved-for-now?a=1', { host: 'old.shop.example', body: 'x' }],
  [302, 'GET /plain', { host: 'old.shop.example' }],
  [200, 'GET /logo.svg', { host: 'img.anything.example' }],
  [200, 'GET /logo.svg', { host: 'small.img.shop.example' }],
  [200, 'GET /none', { host: 'large.img.shop.example' }],
  [200, 'GET //logo.svg', { host: 'img.x' }],
  [0, 'GET /logo.svg', { host: 'medium.img.shop.example' }],
];

const ranges: Case[] = [
  ...[
    'bytes=0-3',
    'bytes=4-',
    'bytes=-3',
    'bytes=9-20',
    'bytes=0-0',
    'bytes=-99',
    'BYTES=1-2',
    'bytes=0-9',
  ].map(Range => [206, `GET ${TEN}`, { headers: { Range } }] as const),
  ...[
    'bytes=10-',
    'bytes=20-30',
    'bytes=5-2',
    'bytes=-0',
    'bytes=a-b',
    'bytes=0-1-2',
    'bytes=1',
    'bytes=99999999999999999999-',
  ].map(Range => [416, `GET ${TEN}`, { headers: { Range } }] as const),
  ...['bytes=0-1,3-4', 'bytes=0-0, 9-9', 'bytes=0-1,-2', 'bytes=0-2,1-3', 'bytes=0-1 , 4-5,8-'].map(
    Range => [206, `GET ${TEN}`, { headers: { Range } }] as const,
  ),
  ...['lines=0-1', 'bytes=', 'bytes 0-1', '0-1', 'bytes=0-1,2-3,4-5,6-7', 'bytes=0-9,0-9,0-9'].map(
    Range => [200, `GET ${TEN}`, { headers: { Range } }] as const,
  ),
  [206, `HEAD ${TEN}`, { headers: { Range: 'bytes=2-4' } }],
  [206, `GET ${BIG}`, { headers: { Range: 'bytes=100-199,5000-5099' } }],
  [206, `GET ${TEN}`, { headers: { Range: 'bytes=2-4', 'If-Range': MTIME } }],
  [206, `GET ${TEN}`, { headers: { Range: 'bytes=2-4', 'If-Range': '"66375d6e-a"' } }],
  ...['Sun, 05 May 2024 10:20:31 GMT', '"other"', 'W/"66375d6e-a"', 'yesterday', ''].map(
    date => [200, `GET ${TEN}`, { headers: { Range: 'bytes=2-4', 'If-Range': date } }] as const,
  ),
  [200, 'GET /whole/ten.bin', { headers: { Range: 'bytes=2-4' } }],
  [404, 'GET /none', { headers: { Range: 'bytes=0-3' } }],
  [200, 'GET /tell', { headers: { Range: 'bytes=0-3' } }],
  [206, `GET ${TEN}`, { version: '1.0', headers: { Range: 'bytes=0-3' } }],
];

const conditions: Case[] = [
  ...withEach(304, 'GET /about.html', [
    { 'If-Modified-Since': MTIME },
    { 'If-None-Match': '"66375d6e-18"' },
    { 'If-None-Match': '*' },
    { 'If-None-Match': '"x", W/"66375d6e-18", "y"' },
    { 'If-None-Match': '"66375d6e-18"', 'If-Modified-Since': MTIME },
  ]),
  ...withEach(200, 'GET /about.html', [
    { 'If-Modified-Since': 'Sun, 05 May 2024 10:20:29 GMT' },
    { 'If-Modified-Since': 'nonsense' },
    { 'If-None-Match': '"66375d6e-99"' },
    { 'If-None-Match': '66375d6e-18' },
    { 'If-None-Match': '"other"', 'If-Modified-Since': MTIME },
    { 'If-Match': '*' },
    { 'If-Unmodified-Since': MTIME },
    { 'If-Unmodified-Since': 'Mon, 06 May 2024 10:20:30 GMT' },
  ]),
  ...withEach(412, 'GET /about.html', [
    { 'If-Match': '"other"' },
    { 'If-Unmodified-Since': 'Sun, 05 May 2024 10:20:29 GMT' },
  ]),
  ...withEach(200, 'GET /exact/ten.bin', [{ 'If-Modified-Since': 'Mon, 06 May 2024 10:20:30 GMT' }]),
  ...withEach(304, 'GET /exact/ten.bin', [{ 'If-Modified-Since': MTIME }]),
  ...withEach(304, 'GET /before/ten.bin', [{ 'If-Modified-Since': 'Mon, 06 May 2024 10:20:30 GMT' }]),
  ...withEach(200, 'GET /feed/news.xml', [{ 'If-Modified-Since': MTIME }, { 'If-None-Match': '"x"' }]),
  [304, 'HEAD /about.html', { headers: { 'If-None-Match': '*' } }],
  [304, 'GET /site.css', { headers: { 'If-Modified-Since': MTIME, 'Accept-Encoding': 'gzip' } }],
  [304, `GET ${TEN}`, { headers: { 'If-None-Match': '*', Range: 'bytes=0-1' } }],
];

const gzipped: Case[] = [
  ...each(200, 'GET', ['/', '/site.css', '/shop.js', '/about.html', '/api/stock', BIG, '/docs/'], GZIP),
  ...withEach(200, 'GET /site.css', [
    { 'Accept-Encoding': 'br, gzip;q=0.5' },
    { 'Accept-Encoding': 'gzip;q=0' },
    { 'Accept-Encoding': 'x-gzip' },
    { 'Accept-Encoding': 'identity' },
    { 'Accept-Encoding': '*' },
    { 'Accept-Encoding': 'gzip', Via: '1.1 cache' },
    { 'Accept-Encoding': 'GZIP, deflate' },
  ]),
  [206, 'GET /site.css', { headers: { Range: 'bytes=0-99' } }],
  [200, 'HEAD /site.css', GZIP],
  [200, 'GET /site.css', { version: '1.0', ...GZIP }],
];

const rewrites: Case[] = [
  [200, 'GET /blog/2024/05/on-descaling'],
  [200, 'GET /blog/2024/05/on-descaling/'],
  [404, 'GET /blog/2024/05/none'],
  [200, 'GET /blog/nothing/here'],
  [200, 'GET /blog/tag/steel?page=2'],
  [200, 'GET /app/old.html'],
  [200, 'GET /app/new?x=1'],
  [200, 'GET /app/a%20b/c%2Fd?x=%20'],
  [302, 'GET /search'],
  [302, 'GET /search?q='],
  [200, 'GET /search?q=kettle%20steel'],
  [200, 'GET /search?q=1', { headers: { Cookie: 'a=b; lang=de' } }],
  [200, 'GET /where/file'],
  [200, 'GET /where/dir'],
  [404, 'GET /where/none'],
  [200, 'GET /where/other.txt'],
  [
    200,
    'GET /tell?a=1&B=2&b=3&a=4',
    { headers: { 'X-Tell': ['one', 'two'], Cookie: ['one=1; two=2', 'one=3'] } },
  ],
  [200, 'GET /tell', { headers: { x_tell: 'no', 'X-TELL': ' spaced \t' } }],
  [200, 'POST /tell?', { body: 'abc', headers: { 'Content-Type': 'text/x' } }],
  [200, 'GET /tell', { version: '1.0' }],
  [200, 'GET /tell', { headers: { Authorization: 'Basic YW5uOmFubmFubg==' } }],
  [200, 'GET /tell?%41=1&a=%2F+b'],
];

const api: Case[] = [
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
  [503, 'GET /api/status/503'],
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

const close = 'Connection: close\r\n\r\n';
const raw = (status: number, name: string, bytes: string, methods?: readonly string[]): Case => [
  status,
  name,
  methods ? { raw: bytes, methods } : { raw: bytes },
];

const odd: Case[] = [
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

/** Asked in this order: five attempts pass, then the zone is full. */
const limits: Case[] = [
  ...each(200, 'POST', ['/login', '/login?2', '/login?3', '/login?4', '/login?5'], { body: 'user=ann' }),
  ...each(429, 'POST', ['/login?6', '/login?7'], { body: 'user=ann' }),
  [429, 'GET /login'],
];

export const STATIC_API: Site = {
  folder: 'static-api',
  host: 'shop.example',
  listeners: [8080],
  servers: { 3001: echoServer('one'), 3002: echoServer('two'), 3003: echoServer('spare') },
  groups: { files, paths, hosts, ranges, conditions, gzipped, rewrites, api, odd, limits },
};
