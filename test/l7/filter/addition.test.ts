/** add_before_body and add_after_body beside Debian's nginx, and where a part comes late, is large, or is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { until } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { request, Wire } from '../../e2e/wire.ts';
import { type Ask, besideNginx } from '../beside-nginx.ts';

const LARGE = 'abcdefghij'.repeat(300_000);

test('addition: what stands before and behind an answer', async () => {
  await using upstream = await startUpstream(({ target }) =>
    response(200, `[${target}]`, ['Content-Type: text/html', 'ETag: "x"']),
  );
  await using pair = await besideNginx({
    upstream: upstream.port,
    files: {
      'site/a.html': 'A',
      'site/b.txt': 'B',
      'site/head.html': '<head>',
      'site/foot.html': '<foot>',
      'site/empty.html': '',
    },
    http: `types { text/html html; text/plain txt; }
      server { listen {port}; root {root}/site; proxy_http_version 1.1;
      location / { add_before_body /head.html; add_after_body /foot.html;
        location /none.html { add_before_body ''; add_after_body ''; alias {root}/site/a.html; }
        location /before.html { add_after_body ''; alias {root}/site/a.html; }
        location /after.html { add_before_body ''; alias {root}/site/a.html; }
        location /text/ { addition_types text/plain; alias {root}/site/; }
        location /all/ { addition_types *; alias {root}/site/; }
        location /up/ { proxy_pass http://{upstream}/; }
        location /sub/ { sub_filter '<' '{'; sub_filter A AA; sub_filter_once off; alias {root}/site/; }
        location /named { error_page 404 = /a.html; return 404; }
        location /gone { return 404; }
        location /text { default_type text/html; return 200 '[$uri]'; }
      }
      location = /head.html { sub_filter head HEAD; }
      location /missing/ { add_before_body /nowhere.html; add_after_body /denied; alias {root}/site/; }
      location /denied { return 403; }
      location /moved/ { add_before_body /d; add_after_body '/text?x=y'; alias {root}/site/; }
      location /d { return 301 /e; }
      location /far/ { add_before_body /up/before; add_after_body /up/after; alias {root}/site/; }
      location /self/ { add_before_body /self/a.html; alias {root}/site/; }
      location /internal/ { add_before_body /inner/head.html; alias {root}/site/; }
      location /inner/ { internal; add_header X-Inner yes; alias {root}/site/; } }`,
  });
  const paths =
    `/a.html /b.txt /empty.html /head.html /none.html /before.html /after.html /text/b.txt /text/a.html /all/b.txt /up/x
    /named /gone /text /missing/a.html /moved/a.html /far/a.html /self/a.html /internal/a.html /nothing.html`.split(
      /\s+/,
    );
  await pair.compare(
    paths.flatMap((path): Ask[] => [
      [`GET ${path}`],
      [`HEAD ${path}`],
      [`GET ${path} HTTP/1.0`],
      [`POST ${path}`, '>a=1'],
    ]),
  );
  await pair.compare([
    ['GET /sub/a.html'],
    ['GET /a.html', 'Range: bytes=0-0'],
    ['GET /far/a.html', 'Range: bytes=0-0'],
    ['GET /a.html', 'If-None-Match: *'],
    ['GET /a.html', 'If-Modified-Since: Sun, 05 May 2024 10:20:30 GMT'],
    ['GET /a.html', 'If-Match: "x"'],
  ]);
});

test('addition: large parts at the pace of the client, late ones, and compression of the whole', async () => {
  await using upstream = await startUpstream(({ target }, socket) => {
    if (!target.endsWith('late')) return response(200, `${target}${LARGE}`, ['Content-Type: text/html']);
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlate\r\n',
    );
    setImmediate(() => socket.write('3\r\n er\r\n0\r\n\r\n'));
    return undefined;
  });
  await using pair = await besideNginx({
    upstream: upstream.port,
    files: { 'site/a.html': 'the answer' },
    http: `types { text/html html; } server { listen {port}; root {root}/site; proxy_http_version 1.1; proxy_buffering off;
      location /up/ { proxy_pass http://{upstream}/; }
      location / { add_before_body /up/1; add_after_body /up/2; gzip on; }
      location /three { add_before_body /up/1; add_after_body /up/late; proxy_pass http://{upstream}; }
      location /late { add_before_body /up/late; add_after_body /up/late; proxy_pass http://{upstream}; } }`,
  });
  const body = async (path: string, headers = {}) => (await request(pair.port.moat, { path, headers })).body;
  const zipped = await body('/a.html', { 'Accept-Encoding': 'gzip' });
  assert.equal(gunzipSync(Buffer.from(zipped, 'latin1')).latin1Slice(), `/1${LARGE}the answer/2${LARGE}`);
  assert.equal(await body('/late'), 'late erlate erlate er');
  using wire = await Wire.dial(pair.port.moat);
  wire.socket.pause();
  wire.send('GET /three HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => upstream.requests.length >= 6, 'the parts to be asked for');
  wire.socket.resume();
  const { body: three } = await wire.reply();
  assert.equal(three, `/1${LARGE}/three${LARGE}late er`);
});

test('addition: a part that is cut cuts the whole', async () => {
  await using upstream = await startUpstream((_, socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    return undefined;
  });
  await using pair = await besideNginx({
    upstream: upstream.port,
    files: { 'site/a.html': 'the answer' },
    http: `types { text/html html; } server { listen {port}; root {root}/site; proxy_http_version 1.1;
      location /up/ { proxy_pass http://{upstream}/; }
      location / { add_before_body /up/; } location /after/ { alias {root}/site/; add_after_body /up/; } }`,
  });
  for (const path of ['/a.html', '/after/a.html']) {
    using wire = await Wire.dial(pair.port.moat);
    const bytes = await wire.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).rest();
    assert.ok(!bytes.endsWith('0\r\n\r\n'), bytes);
  }
});
