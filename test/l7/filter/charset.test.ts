/** charset beside Debian's nginx: what is said, and how bodies are brought from one charset into another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recodingOf } from '../../../l7/coding/charset.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { type Ask, besideNginx } from '../beside-nginx.ts';

const MAPS = `charset_map koi8-r utf-8 { C0 D18E; C1 D0B0; E1 D090; E2 D091; 9E C2B2; 95 E28899; 7E C2A0; }
  charset_map koi8-r windows-1251 { C0 FE; C1 E0; E1 C0; E2 C1; 41 42; }`;
const KOI8 = 'A ~ \xc0\xc1\xe1\xe2 \x9e\x95\xff\x80 <b>';
const UTF8 = Buffer.from('A \u00a0 \u044e\u0430\u0410\u0411 \u00b2\u2219 \u20ac \u{1f600} <b>').toString(
  'latin1',
);

const FILES = {
  'site/koi.html': KOI8,
  'site/utf.html': UTF8,
  'site/plain.txt': 'text',
  'site/empty.html': '',
  'site/data.bin': KOI8,
  'site/d/index.html': KOI8,
  'site/big.html': `${KOI8}${'x'.repeat(1000)}`.repeat(200),
};

const TYPES = 'types { text/html html; text/plain txt; application/octet-stream bin; }';

test('charset: what Content-Type says, by type, status and what was said before', async () => {
  await using upstream = await startUpstream(({ target }) => {
    const [, status, type, charset] = /^\/\?(\d+)&([^&]*)&(.*)$/.exec(target) ?? [];
    const fields = type ? [`Content-Type: ${decodeURIComponent(type)}`] : [];
    return response(Number(status), 'body', charset ? [...fields, `X-Accel-Charset: ${charset}`] : fields);
  });
  await using pair = await besideNginx({
    upstream: upstream.port,
    files: FILES,
    http: `${MAPS} ${TYPES}
      server { listen {port}; root {root}/site; proxy_http_version 1.1;
      location / { charset utf-8; }
      location /off/ { charset off; alias {root}/site/; }
      location /types/ { charset x-own; charset_types text/plain; alias {root}/site/; }
      location /all/ { charset x-own; charset_types *; alias {root}/site/; }
      location /variable { charset $arg_c; return 200 text; }
      location /html { default_type text/html; charset utf-8; return 200 text; }
      location /moved { charset utf-8; return 301 /x; }
      location /seen { default_type text/html; charset utf-8; return 307 /x; }
      location /nothing { charset utf-8; return 204; }
      location /error { charset utf-8; return 403; }
      location /list/ { charset utf-8; alias {root}/; autoindex on; }
      location /if/ { default_type text/html; if ($arg_c) { charset utf-8; } return 200 x; }
      location /up/ { charset utf-8; proxy_pass http://{upstream}/; }
      location /over/ { charset koi8-r; override_charset on; proxy_pass http://{upstream}/; }
      location /plain/ { proxy_pass http://{upstream}/; }
      location /ignores/ { proxy_ignore_headers X-Accel-Charset; proxy_pass http://{upstream}/; } }`,
  });
  const files = Object.keys(FILES).map(path => path.slice('site'.length));
  await pair.compare([
    ...files.map((path): Ask => [`GET ${path}`]),
    ...['/off', '/types', '/all'].flatMap(place => files.map((path): Ask => [`GET ${place}${path}`])),
    ...['koi8-r', '', 'x%20y', 'KOI8-R'].map((name): Ask => [`GET /variable?c=${name}`]),
    ...'/html /moved /seen /nothing /error /list/ /if/ /if/?c=1 /d /none'
      .split(' ')
      .map((path): Ask => [`GET ${path}`]),
    ['HEAD /koi.html'],
    ['GET /koi.html', 'Range: bytes=0-1'],
    ['GET /koi.html', 'Range: bytes=0-1,3-4'],
  ]);
  const types = [
    'text/html',
    'text/css',
    'text/html; charset=utf-8',
    'text/html;charset="koi8-r"',
    'text/html; charset=x; y=z',
    'text/html; y=z',
    '',
  ];
  const answers = types.flatMap(type =>
    ['200', '301', '302', '404'].flatMap(status =>
      ['', 'koi8-r', 'unknown', 'UTF-8'].map(charset => `?${status}&${encodeURIComponent(type)}&${charset}`),
    ),
  );
  for (const place of ['up', 'over', 'plain', 'ignores'])
    await pair.compare(answers.map((answer): Ask => [`GET /${place}/${answer}`]));
});

test('charset: bodies are brought into another charset', async () => {
  await using upstream = await startUpstream(({ target }) =>
    target.endsWith('gzip')
      ? response(200, KOI8, ['Content-Type: text/html', 'Content-Encoding: gzip'])
      : response(200, KOI8, ['Content-Type: text/html; charset=KOI8-R']),
  );
  await using pair = await besideNginx({
    upstream: upstream.port,
    files: FILES,
    http: `${MAPS} ${TYPES} server { listen {port}; root {root}; proxy_http_version 1.1;
      location /k2u/ { alias {root}/site/; source_charset koi8-r; charset UTF-8; }
      location /u2k/ { alias {root}/site/; source_charset utf-8; charset koi8-r; }
      location /k2w/ { alias {root}/site/; source_charset koi8-r; charset windows-1251; }
      location /w2k/ { alias {root}/site/; source_charset windows-1251; charset koi8-r; }
      location /same/ { alias {root}/site/; source_charset KOI8-R; charset koi8-r; }
      location /none/ { alias {root}/site/; source_charset koi8-r; charset $arg_c; }
      location /up/ { charset utf-8; override_charset on; proxy_pass http://{upstream}/; }
      location /coded/ { charset utf-8; source_charset koi8-r; proxy_pass http://{upstream}/; } }`,
  });
  const places = ['k2u', 'u2k', 'k2w', 'w2k', 'same'];
  const files = Object.keys(FILES).map(path => path.slice('site'.length));
  // What is no UTF-8 is a test of its own: nginx swallows what follows it.
  const filesFor = (place: string) =>
    place === 'u2k' ? files.filter(path => !/koi|big|^.d/.test(path)) : files;
  await pair.compare([
    ...places.flatMap(place => filesFor(place).map((path): Ask => [`GET /${place}${path}`])),
    ...places.map((place): Ask => [`HEAD /${place}/koi.html`]),
    ...places.flatMap(place =>
      ['bytes=2-5', 'bytes=0-1,4-5', 'bytes=-3'].map(
        (range): Ask => [`GET /${place}/utf.html`, `Range: ${range}`],
      ),
    ),
    ['GET /none/koi.html?c=latin1'],
    ['GET /none/koi.html?c=utf-8'],
    ['GET /up/x'],
    ['GET /coded/gzip'],
    ['GET /coded/x'],
  ]);
  assert.match(pair.running.moat.read(), /no "charset_map" between the charsets "koi8-r" and "latin1"/);
});

test('charset: UTF-8 is read the same wherever pieces end, and what is none becomes "?"', () => {
  const rows = [
    [0xc0, '\xd1\x8e'],
    [0x95, '\xe2\x88\x99'],
  ] as const;
  const recoding = recodingOf([{ from: 'koi8-r', to: 'utf-8', rows }], 'utf-8', 'koi8-r')!;
  const broken =
    'a\xd1\x8e\xe2\x88\x99\xf0\x9f\x98\x80\xff\xc0\x80\xd1b\xe2\x88c\xe0\x80\x80\xf4\x90\x80\x80\xf0\x80\x80\x80\x99\xd1';
  const told = 'a\xc0\x95&#128512;????b?c?????';
  for (let first = 0; first <= broken.length; first++)
    for (let second = first; second <= broken.length; second++) {
      const recoder = recoding.start();
      const pieces = [broken.slice(0, first), broken.slice(first, second), broken.slice(second)];
      const out = pieces.map(piece => recoder.recode(Buffer.from(piece, 'latin1')).latin1Slice());
      assert.equal(out.join('') + recoder.end().latin1Slice(), told, `cut at ${first} and ${second}`);
    }
});
