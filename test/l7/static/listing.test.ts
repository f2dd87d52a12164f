/** autoindex and random_index, answer by answer beside nginx. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Wire } from '../../e2e/wire.ts';
import { type Ask, besideNginx } from '../beside-nginx.ts';

const LONG = 'n'.repeat(50);
const FILES = {
  'site/a.txt': 'a',
  'site/b"q\'.txt': 'bb',
  'site/c<d>&e.txt': 'ccc',
  'site/a:b': 'x',
  'site/with space?#%.txt': 'x',
  'site/.hidden': 'x',
  [`site/${LONG}`]: '50',
  [`site/${LONG}1`]: '51',
  [`site/${'<'.repeat(51)}`]: '51 that grow',
  'site/caf\xc3\xa9.txt': 'utf-8',
  'site/caf\xe9.txt': 'latin1',
  [`site/${'\xc3\xa9'.repeat(40)}`]: '80 bytes',
  [`site/${'\xc3\xa9'.repeat(60)}`]: '120 bytes',
  'site/back\\slash\t\x01.txt': 'x',
  [`site/${'d'.repeat(49)}/x`]: 'x',
  [`site/dd${'d'.repeat(48)}/x`]: 'x',
  'site/sub/x.txt': 'x',
  'site/B/index.html': 'index',
  'site/hid/.x': 'x',
  'one/only.txt': 'the only one',
  'one/.hidden': 'x',
  'one/dir/x': 'x',
  'none/.hidden': 'x',
  'sizes/s': '',
};
const SIZES = [
  9999,
  10_000,
  10_239,
  10_240,
  1_048_575,
  1_048_576,
  1_572_863,
  1_572_864,
  1_073_741_823,
  3 * 2 ** 30,
];

function prepare(root: string): void {
  mkdirSync(`${root}/site/empty`);
  symlinkSync('a.txt', `${root}/site/link.txt`);
  symlinkSync('sub', `${root}/site/linkdir`);
  symlinkSync('nowhere', `${root}/site/dangling`);
  symlinkSync('loop', `${root}/site/loop`);
  symlinkSync('only.txt', `${root}/one/link.txt`);
  mkdirSync(`${root}/site/closed`);
  chmodSync(`${root}/site/closed`, 0);
  for (const bytes of SIZES) {
    writeFileSync(`${root}/sizes/${bytes}`, '');
    truncateSync(`${root}/sizes/${bytes}`, bytes);
  }
}

const FORMATS = ['html', 'xml', 'json', 'jsonp'];

test('autoindex: lists of folders in every format, as nginx writes them', async () => {
  await using pair = await besideNginx({
    files: FILES,
    prepare,
    http: `server { listen {port}; root {root};
      ${FORMATS.map(format => `location /${format}/ { alias {root}/; autoindex on; autoindex_format ${format}; }`).join(' ')}
      location /round/ { alias {root}/; autoindex on; autoindex_exact_size off; }
      location /local/ { alias {root}/; autoindex on; autoindex_localtime on; }
      location /off/ { alias {root}/; } }`,
  });
  const folders = [
    'site/',
    'site/sub/',
    'site/empty/',
    'site/hid/',
    'site/B/',
    'sizes/',
    'site/none/',
    'site/a.txt/',
  ];
  const places = [...FORMATS, 'round', 'local', 'off'];
  await pair.compare(
    places.flatMap(place => [
      ...[...folders, 'site/closed/', 'site/sub', 'site/linkdir/'].map(
        (path): Ask => [`GET /${place}/${path}`],
      ),
      [`HEAD /${place}/site/`],
      [`GET /${place}/site/ HTTP/1.0`],
      [`POST /${place}/site/`, '>a=1'],
      [`DELETE /${place}/site/`],
      [`GET /${place}/site/`, 'If-None-Match: *'],
      [`GET /${place}/site/`, 'If-Unmodified-Since: Sun, 05 May 2024 10:20:30 GMT'],
    ]),
  );
  const callbacks = [
    'f',
    'a.b_1',
    '',
    'f%2e',
    'f%28',
    'a%',
    'x'.repeat(128),
    'x'.repeat(129),
    '%00',
    'f&x',
    'a-b',
    '\xe4',
  ];
  await pair.compare(
    callbacks.flatMap(name => FORMATS.map((format): Ask => [`GET /${format}/one/?callback=${name}`])),
  );
  pair.compareLogs();
});

test('random_index: one of the files, never a hidden one, a link or a folder', async () => {
  await using pair = await besideNginx({
    files: FILES,
    prepare,
    http: `server { listen {port}; root {root}; location / { random_index on; } location /list/ { alias {root}/; random_index on; autoindex on; } }`,
  });
  const paths = [
    '/one/',
    '/none/',
    '/list/one/',
    '/list/none/',
    '/missing/',
    '/one/only.txt/',
    '/site/closed/',
    '/one',
  ];
  await pair.compare(
    paths.flatMap((path): Ask[] => [[`GET ${path}`], [`HEAD ${path}`], [`POST ${path}`, '>a']]),
  );
  pair.compareLogs();
  const seen = new Set<string>();
  using wire = await Wire.dial(pair.port.moat);
  for (let at = 0; at < 300; at++) {
    const { status, body } = await wire.send('GET /site/ HTTP/1.1\r\nHost: a\r\n\r\n').reply();
    assert.equal(status, 200);
    seen.add(body);
  }
  assert.ok(seen.size > 3, `only ${[...seen]} came in 300 turns`);
  assert.ok(!seen.has('x.txt'));
});
