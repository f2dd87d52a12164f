/** Conditions and ranges, beside nginx: 304, 412, 206 and 416 of files, texts and proxied answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';
import { type Ask, besideNginx, MTIME, MTIME_HEX } from '../beside-nginx.ts';

const LATER = 'Sun, 05 May 2024 10:20:31 GMT';
const EARLIER = 'Sun, 05 May 2024 10:20:29 GMT';
const ETAG = `"${MTIME_HEX}-a"`;
const FILES = {
  'ten.bin': '0123456789',
  'empty.txt': '',
  'big.bin': 'abcdefghij'.repeat(20_000),
  'error.html': 'sorry',
};

/** The same request with each of several sets of header lines. */
const withEach = (line: string, ...fields: (string | readonly string[])[]): Ask[] =>
  fields.map(field => [line, ...(typeof field === 'string' ? [field] : field)]);

const CONDITIONS = [
  ...['', 'x', '0', MTIME, LATER, EARLIER, 'Sunday, 05-May-24 10:20:30 GMT', 'Sun May  5 10:20:30 2024'],
  ...[
    'Sun, 05 May 2024 10:20:30 UTC',
    'Sun, 05 May 2024 10:20:30',
    'Sun, 31 Apr 2024 10:20:30 GMT',
    MTIME.toLowerCase(),
  ],
].flatMap(date => [`If-Modified-Since: ${date}`, `If-Unmodified-Since: ${date}`]);

const TAGS = [
  ...[
    '*',
    ETAG,
    `W/${ETAG}`,
    '"x"',
    `"x", ${ETAG}`,
    `"x",${ETAG},"y"`,
    `"x" , W/${ETAG} `,
    `"x", "y"`,
    '',
    '"',
  ],
  ...[ETAG.slice(1, -1), `${ETAG}x`, `x${ETAG}`, `${ETAG} , `, `, ${ETAG}`],
].flatMap(tag => [`If-Match: ${tag}`, `If-None-Match: ${tag}`]);

const TOGETHER = [
  [`If-None-Match: "x"`, `If-Modified-Since: ${MTIME}`],
  [`If-None-Match: ${ETAG}`, `If-Modified-Since: ${EARLIER}`],
  [`If-None-Match: ${ETAG}`, `If-Modified-Since: ${MTIME}`],
  [`If-Match: "x"`, `If-Unmodified-Since: ${MTIME}`],
  [`If-Match: ${ETAG}`, `If-Unmodified-Since: ${EARLIER}`],
  [`If-Match: ${ETAG}`, `If-None-Match: ${ETAG}`],
  [`If-None-Match: ${ETAG}`, 'Range: bytes=0-1'],
  [`If-Match: "x"`, 'Range: bytes=0-1'],
  [`If-Unmodified-Since: ${EARLIER}`, 'Range: bytes=99-'],
];

test('conditions: of files', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `server { listen {port}; root {root}; add_header X-A b; expires 1h;
      location /before/ { alias {root}/; if_modified_since before; }
      location /off/ { alias {root}/; if_modified_since off; }
      location /tagless/ { alias {root}/; etag off; }
      location /page/ { alias {root}/; error_page 412 416 /error.html; error_page 405 =200 /ten.bin; }
    }`,
  });
  for (const place of ['', '/before', '/off', '/tagless', '/page'])
    await pair.compare(withEach(`GET ${place}/ten.bin`, ...CONDITIONS, ...TAGS, ...TOGETHER));
  await pair.compare([
    ...withEach('HEAD /ten.bin', ...CONDITIONS.slice(0, 10), ...TAGS, ...TOGETHER),
    ...withEach('GET /none.bin', `If-None-Match: *`, `If-Match: *`, 'If-Match: "x"', 'Range: bytes=0-1'),
    ...withEach('POST /page/ten.bin', `If-None-Match: ${ETAG}`, `If-Match: "x"`, 'Range: bytes=1-2'),
    ...withEach('GET /ten.bin HTTP/1.0', `If-None-Match: ${ETAG}`, 'Range: bytes=1-2'),
  ]);
});

const RANGES = [
  ...[
    '0-',
    '0-0',
    '0-9',
    '0-10',
    '0-99',
    '1-1',
    '9-9',
    '9-',
    '10-',
    '10-11',
    '5-4',
    '-1',
    '-10',
    '-11',
    '-0',
    '-',
  ],
  ...[
    '',
    'x',
    '1',
    '1-x',
    'x-1',
    '1-2x',
    ' 1-2',
    '1 - 2',
    '1-2 ',
    '1- 2',
    '0-0,-1',
    '0-0, 2-3',
    '0-0 ,2-3',
    '2-3,0-1',
  ],
  ...[
    '0-4,5-9',
    '0-5,5-9',
    '0-9,0-9',
    '0-0,0-0,0-0',
    '0-0,99-',
    '99-,0-0',
    '99-,100-',
    '0-0,',
    ',0-0',
    '0-0,x',
    '-5,-5',
  ],
  ...[
    '99999999999999999999-',
    '0-99999999999999999999',
    '-99999999999999999999',
    '0-0,1-1,2-2,3-3,4-4',
    '9223372036854775807-',
  ],
].map(range => `Range: bytes=${range}`);

test('ranges: of files', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `server { listen {port}; root {root}; add_header X-Range $http_range; error_page 404 /ten.bin;
      location /one/ { alias {root}/; max_ranges 1; }
      location /two/ { alias {root}/; max_ranges 2; }
      location /none/ { alias {root}/; max_ranges 0; }
      location /typed/ { alias {root}/; types { } default_type text/x-own; }
    }`,
  });
  // nginx forgets to take away from a 416 what add_header gave to the 200 that it was to be.
  const same = (answer: string) =>
    answer.startsWith('416') ? answer.replace(/^X-Range: .*\n/m, '') : answer;
  for (const line of ['GET /ten.bin', 'HEAD /ten.bin', 'GET /one/ten.bin', 'GET /two/ten.bin'])
    await pair.compare(withEach(line, ...RANGES), same);
  await pair.compare(
    [
      ...withEach('GET /none/ten.bin', ...RANGES.slice(0, 8)),
      ...withEach('GET /empty.txt', ...RANGES.slice(0, 20)),
      ...withEach('GET /typed/ten.bin', 'Range: bytes=0-0,2-2', 'Range: bytes=1-'),
      ...withEach('GET /missing', 'Range: bytes=0-1'),
      ...withEach(
        'GET /big.bin',
        'Range: bytes=0-',
        'Range: bytes=199999-',
        'Range: bytes=-100000',
        'Range: bytes=1-99998',
      ),
      ...withEach('GET /big.bin', 'Range: bytes=0-65535,65536-140000', 'Range: bytes=100-70000,0-3,199990-'),
      ...withEach(
        'GET /ten.bin',
        'Range: Bytes=0-1',
        'Range: BYTES=0-1',
        'Range: bits=0-1',
        'Range: bytes 0-1',
        'Range:bytes=0-1',
      ),
    ],
    same,
  );
});

test('ranges: If-Range', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `server { listen {port}; root {root}; location /tagless/ { alias {root}/; etag off; } }`,
  });
  const validators = [
    ...[
      ETAG,
      `W/${ETAG}`,
      '"x"',
      '""',
      '"',
      '',
      'x',
      `${ETAG} `,
      MTIME,
      LATER,
      EARLIER,
      'Sunday, 05-May-24 10:20:30 GMT',
    ],
  ].map(value => ['Range: bytes=2-4', `If-Range: ${value}`]);
  await pair.compare(withEach('GET /ten.bin', ...validators, ['If-Range: x']));
  await pair.compare(withEach('GET /tagless/ten.bin', ...validators));
});

test('conditions and ranges: of texts, and of proxied answers, which their server has judged', async () => {
  const dated = ['Last-Modified: Sun, 05 May 2024 10:20:30 GMT', 'ETag: "x"', 'Accept-Ranges: bytes'];
  await using upstream = await startUpstream(() => response(200, '0123456789', dated));
  await using pair = await besideNginx({
    upstream: upstream.port,
    http: `server { listen {port}; location /text { return 200 "a text"; } location /gif { empty_gif; }
      location /proxied { proxy_pass http://{upstream}; } }`,
  });
  // Another picture of one pixel, of the same length.
  const picture = Buffer.from('R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
  const same = (answer: string) => answer.replace(/GIF89a.*$/s, picture.toString('latin1'));
  for (const line of ['GET /text', 'GET /gif', 'HEAD /gif', 'GET /proxied'])
    await pair.compare(
      withEach(
        line,
        ...[
          `If-Modified-Since: ${MTIME}`,
          `If-Unmodified-Since: ${EARLIER}`,
          'If-None-Match: "x"',
          'If-None-Match: *',
        ],
        ...[
          'If-Match: "y"',
          'If-Match: *',
          'If-Modified-Since: Mon, 28 Sep 1970 06:00:00 GMT',
          'Range: bytes=1-2',
        ],
      ),
      same,
    );
  await pair.compare([
    ['POST /gif', '>x'],
    ['POST /text', '>x'],
  ]);
});

test('ranges: of proxied answers, one at a time, where proxy_force_ranges allows it', async () => {
  const etag = ['ETag: "x"', 'Last-Modified: Sun, 05 May 2024 10:20:30 GMT', 'Accept-Ranges: none'];
  const chunks = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n`;
  await using upstream = await startUpstream(({ target }) =>
    target.endsWith('chunked')
      ? chunks
      : target.endsWith('large')
        ? response(200, 'abcdefghij'.repeat(50_000))
        : response(
            target.endsWith('404') ? 404 : 200,
            '0123456789',
            target.endsWith('ranged') ? ['Content-Range: bytes 0-9/99'] : etag,
          ),
  );
  await using pair = await besideNginx({
    upstream: upstream.port,
    http: `server { listen {port}; proxy_http_version 1.1; proxy_set_header Connection "";
      location / { proxy_pass http://{upstream}; proxy_force_ranges on; }
      location /off/ { proxy_pass http://{upstream}; }
      location /none/ { proxy_pass http://{upstream}; proxy_force_ranges on; max_ranges 0; } }`,
  });
  for (const path of ['/x', '/chunked', '/404', '/off/x', '/none/x'])
    await pair.compare(withEach(`GET ${path}`, 'X: no range', ...RANGES.slice(0, 44)));
  await pair.compare([
    ...withEach('GET /x', ['Range: bytes=1-2', 'If-Range: "x"'], ['Range: bytes=1-2', 'If-Range: "y"']),
    ...withEach(
      'GET /x',
      ['Range: bytes=1-2', `If-Range: ${MTIME}`],
      ['Range: bytes=1-2', `If-Range: ${LATER}`],
    ),
    ...withEach(
      'GET /large',
      'Range: bytes=0-9',
      'Range: bytes=100000-399999',
      'Range: bytes=-7',
      'Range: bytes=499999-',
    ),
    ['HEAD /x', 'Range: bytes=1-2'],
  ]);
  const { headers } = await request(pair.port.moat, { path: '/x/ranged', headers: { Range: 'bytes=1-2' } });
  const told = headers.filter(([name]) => name === 'Content-Range').map(([, value]) => value);
  assert.deepEqual(told, ['bytes 1-2/10'], 'what the server said of its own ranges is gone');
});
