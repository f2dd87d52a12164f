/** Requests to examples/static-api: ranges, preconditions, compression. */
import { type Case, each, withEach } from '../case.ts';

const MTIME = 'Sun, 05 May 2024 10:20:30 GMT';
const TEN = '/download/ten.bin';
const BIG = '/download/catalogue.bin';
const GZIP = { headers: { 'Accept-Encoding': 'gzip' } };

export const ranges: Case[] = [
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

export const conditions: Case[] = [
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

export const gzipped: Case[] = [
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
