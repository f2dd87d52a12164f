/** waf_mask: what must not leave is covered, whatever pieces it comes in, and no byte more or less goes out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { FINDERS, isCard } from '../../../l7/mask/finders.ts';
import { Masker } from '../../../l7/mask/masker.ts';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, startMoat } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';

const CARD = '4111 1111 1111 1111';
const KEY = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc+/=\n-----END RSA PRIVATE KEY-----';
const COVERED_KEY = '-----BEGIN RSA PRIVATE KEY-----\n******\n******\n-----END RSA PRIVATE KEY-----';

/** @param sizes of the pieces, taken in turn */
function masked(text: string, sizes: readonly number[] = [text.length]): string {
  let out = '';
  let hasEnded = false;
  const sink = {
    write: (data: Buffer) => (out += data.latin1Slice()) !== '',
    end: () => {
      hasEnded = true;
    },
  };
  const masker = new Masker(sink, [FINDERS.cards, FINDERS.traces], true, () => {});
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length]!);
    masker.write(Buffer.from(text.slice(at, at + size), 'latin1'));
    at += size;
  }
  masker.end();
  assert.ok(hasEnded);
  return out;
}

const CARDS: readonly (readonly [text: string, covered: string])[] = [
  [CARD, '**** **** **** 1111'],
  ['5555-5555-5555-4444', '****-****-****-4444'],
  ['{"n":378282246310005}', '{"n":***********0005}'],
  ['6011111111111117,', '************1117,'],
  ['4111 1111 1111 1112', '4111 1111 1111 1112'],
  ['94111111111111111', '94111111111111111'],
  ['0.4111111111111111', '0.4111111111111111'],
  ['4111111111111111', '************1111'],
  ['1700000000000000', '1700000000000000'],
  ['4444444444444444', '4444444444444444'],
];

test('cards: by Luhn, issuer and what stands around', () => {
  for (const [text, covered] of CARDS) assert.equal(masked(text), covered);
  assert.ok(isCard('30569309025904'));
});

const TRACES = [
  'at com.example.shop.Cart.total(Cart.java:42)',
  'at java.lang.reflect.Method.invoke(Native Method)',
  'at Object.<anonymous> (/srv/app/index.js:10:5)',
  'at /srv/app/lib/db.mjs:7:11',
  'at Shop.Cart.Total(Int32 id) in C:\\src\\Cart.cs:line 12',
  'File "/srv/app/views.py", line 31, in show',
  'File &quot;/srv/app/views.py&quot;, line 31, in show',
  '#0 /var/www/index.php(12): Shop\\Cart->total()',
  "/srv/app/models/cart.rb:12:in `total'",
  '/srv/app/main.go:31 +0x1d',
];

test('traces: frames as languages print them', () => {
  for (const frame of TRACES) {
    const covered = masked(`error\n    ${frame}\nend`);
    assert.equal(covered.length, frame.length + 14, frame);
    assert.match(covered, /^error\n {4}[*\s<>&;]+\nend$/, frame);
  }
  for (const text of ['at the office (room:12)', 'I looked at it at noon.', 'see File "a", page 3'])
    assert.equal(masked(text), text);
});

test('keys: what stands between their lines, however long', () => {
  assert.equal(masked(KEY), COVERED_KEY);
  assert.equal(
    masked(KEY.replaceAll('\n', '\\n')).replaceAll('\\*', '\\n'),
    COVERED_KEY.replaceAll('\n', '\\n'),
  );
  const certificate = KEY.replaceAll('RSA PRIVATE KEY', 'CERTIFICATE');
  assert.equal(masked(certificate), certificate);
  const long = `-----BEGIN PRIVATE KEY-----\n${'QUJD'.repeat(2000)}\n-----END PRIVATE KEY-----\nafter`;
  assert.equal(masked(long, [700]), long.replaceAll('QUJD', '****'));
});

const BODY = `<p>${CARD}</p> 12 ${'x'.repeat(1500)} 5555-5555-5555-4444 ${'y'.repeat(1100)}\n${KEY}\n${TRACES.join('\n')}\n${CARD} ${KEY.replaceAll('\n', ' ')} end`;

test('pieces of any size give the same as the whole', () => {
  const whole = masked(BODY);
  assert.equal(whole.length, BODY.length);
  assert.doesNotMatch(whole, /4111 1111 1111|MIIEow|views\.py/);
  for (let size = 1; size < 40; size++) assert.equal(masked(BODY, [size]), whole, `${size}`);
  for (const size of [255, 511, 1000, 1024, 1025, 1500, 4000])
    assert.equal(masked(BODY, [size]), whole, `${size}`);
  for (let at = 0; at < BODY.length; at += 13)
    assert.equal(masked(BODY, [at, BODY.length]), whole, `cut at ${at}`);
});

test('waf_mask through a running moat: lengths, codings, ranges, patterns, chunks and events', async () => {
  const [port = 0] = await freePorts(1);
  const text = ['Content-Type: text/plain'];
  await using upstream = await startUpstream(({ target: path }) => {
    if (path === '/gzip')
      return response(200, gzipSync(CARD).latin1Slice(), [...text, 'Content-Encoding: gzip']);
    if (path === '/br')
      return response(200, brotliCompressSync(CARD).latin1Slice(), [...text, 'Content-Encoding: br']);
    if (path === '/br-open')
      return response(200, brotliCompressSync(CARD).latin1Slice(), [...text, 'Content-Encoding: br']);
    if (path === '/png') return response(200, CARD, ['Content-Type: image/png']);
    if (path === '/chunks')
      return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n4111 1111\r\na\r\n 1111 1111\r\n0\r\n\r\n`;
    return response(200, `no EMP-123456, ${CARD}`, [...text, 'ETag: "a"', 'Accept-Ranges: bytes']);
  });
  const pass = `proxy_pass http://127.0.0.1:${upstream.port};`;
  await using moat = await startMoat(
    httpConf(
      `error_log error.log warn; waf_mask cards; gzip on; gzip_min_length 1;
       server { listen 127.0.0.1:${port}; location / { ${pass} } location /off { waf_mask off; ${pass} }
         location /br-open { waf_on_fault pass; ${pass} }
         location /both { waf_mask_pattern "\\bEMP-[0-9]{6}\\b"; ${pass} } }`,
    ),
  );
  const ask = (path: string, headers: Record<string, string> = {}) => request(port, { path, headers });
  const plain = await ask('/', { 'Accept-Encoding': 'br, gzip;q=0', Range: 'bytes=0-3' });
  assert.equal(plain.body, 'no EMP-123456, **** **** **** 1111');
  assert.equal(header(plain, 'content-length'), '34');
  assert.equal(header(plain, 'etag'), 'W/"a"');
  assert.equal(header(plain, 'accept-ranges'), undefined);
  const sent = upstream.requests[0]!;
  assert.equal(header(sent, 'accept-encoding') ?? header(sent, 'range'), undefined);
  assert.equal((await ask('/both')).body, 'no **********, **** **** **** 1111');
  assert.equal((await ask('/off')).body, `no EMP-123456, ${CARD}`);
  assert.equal((await ask('/gzip')).body, '**** **** **** 1111');
  assert.equal((await ask('/chunks')).body, '**** **** **** 1111');
  assert.equal((await ask('/png')).body, CARD);
  assert.equal((await ask('/br')).status, 502);
  assert.equal((await ask('/br-open')).status, 200);
  assert.match(moat.read(), /waf_mask: covered in the answer: card number \(1\)/);
});
