/** Compression held against nginx: who gets gzip, and what the head says then. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { header } from '../../e2e/message.ts';
import { startTwins, type Twins } from '../../e2e/twins.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';

const TEXT = 'All happy families are alike; each unhappy family is unhappy in its own way. '.repeat(40);
const MSIE5 = 'Mozilla/4.0 (compatible; MSIE 5.0; Windows 98)';

let upstream: Upstream;
let twins: Twins;

/** Answers with the status and the fields that the query names: `?status=404&Content-Type=text/css`. */
const echo: Parameters<typeof startUpstream>[0] = ({ target }) => {
  const fields = new URL(target, 'http://x').searchParams;
  const status = Number(fields.get('status') ?? 200);
  const body = target.includes('short') ? 'short' : TEXT;
  return response(
    status,
    body,
    [...fields].filter(([name]) => /^[A-Z]/.test(name)).map(([name, value]) => `${name}: ${value}`),
  );
};

before(async () => {
  upstream = await startUpstream(echo);
  const proxy = `proxy_pass http://127.0.0.1:${upstream.port};`;
  twins = await startTwins(
    `gzip on; gzip_vary on;
     server { listen 127.0.0.1:PORT; root site;
       location / { ${proxy} }
       location /css { gzip_types text/css application/json; ${proxy} }
       location /all { gzip_types *; gzip_min_length 1; ${proxy} }
       location /old { gzip_http_version 1.0; ${proxy} }
       location /novary { gzip_vary off; ${proxy} }
       location /nobody { gzip_disable msie6 "Konqueror/[1-3]"; ${proxy} }
       location /off { gzip off; gunzip on; ${proxy} }
       location /any { gzip_proxied any; ${proxy} }
       location /auth { gzip_proxied auth; ${proxy} }
       location /expired { gzip_proxied expired; ${proxy} }
       location /control { gzip_proxied no-cache no-store private; ${proxy} }
       location /validators { gzip_proxied no_last_modified no_etag; ${proxy} }
       location /none { gzip_proxied no_etag; ${proxy} }
       location /file/ { alias site/; }
       location /text { return 200 "${TEXT}"; }
     }`,
    { 'site/page.html': TEXT, 'site/empty.html': '' },
  );
});

after(async () => {
  await twins?.[Symbol.asyncDispose]();
  await upstream?.stop();
});

const HTML = '&Content-Type=text/html';
const gzip = { 'Accept-Encoding': 'gzip' };

/** The body without its coding. */
const plain = (reply: { body: string }) => gunzipSync(Buffer.from(reply.body, 'latin1')).toString('latin1');

test('gzip: an answer of a listed type comes compressed, without length, its ETag weak', async () => {
  const reply = await twins.same({
    path: encodeURI(
      `/?x${HTML}; charset=utf-8&ETag="abc"&Last-Modified=Sun, 06 Nov 1994 08:49:37 GMT&Accept-Ranges=bytes`,
    ),
    headers: gzip,
  });
  assert.equal(header(reply, 'content-encoding'), 'gzip');
  assert.equal(header(reply, 'etag'), 'W/"abc"');
  assert.equal(plain(reply), TEXT);
  assert.ok(reply.body.length < TEXT.length / 5);
});

test('gzip: status, type, length and coding decide', async () => {
  const paths = [
    ...[200, 201, 206, 403, 404, 500].map(status => `/?status=${status}${HTML}`),
    ...['text/css', 'TEXT/HTML', 'application/json;x=y', 'image/png'].map(
      type => `/css?Content-Type=${encodeURIComponent(type)}`,
    ),
    '/all?Content-Type=image/png',
    '/all?x',
    `/all?short${HTML}`,
    `/?short${HTML}`,
    `/?Content-Encoding=br${HTML}`,
    `/?Vary=Cookie${HTML}`,
    `/?Vary=Accept-Encoding${HTML}`,
    `/?ETag=abc${HTML}`,
    `/?ETag=W/"abc"${HTML}`,
    `/novary?x${HTML}`,
  ];
  for (const path of paths) await twins.same({ path: encodeURI(path), headers: gzip });
});

test('gzip: every form of Accept-Encoding is read as nginx reads it', async () => {
  const values = [
    ...['gzip', 'gzip, deflate, br', 'deflate, gzip', 'deflate,gzip', 'GZIP', 'x-gzip', 'gzipped', '*'],
    ...[
      'gzip;q=0',
      'gzip; q=0.0',
      'gzip;q=0.000',
      'gzip;q=0.001',
      'gzip;q=1',
      'gzip;q=1.000',
      'gzip;q=1.001',
    ],
    ...['gzip;q=2', 'gzip;q=0.5, br', 'br;q=1.0, gzip;q=0.8, *;q=0.1', 'gzip ;q=0', 'gzip; x=1', 'gzip;q'],
    ...['gzip;q=.5', 'gzip;Q=0.3', 'gzip;q=0.1234', 'gzip;', 'gzip;q=0,gzip', 'identity', '', 'gzi'],
    ...['gzip;q=0.5 ,br', 'gzip;q= 0.5', 'br gzip', 'x/gzip', 'gzip;q=0.', 'gzip;q=1x', 'gzip,'],
  ];
  for (const value of values)
    await twins.same({ path: `/?x${HTML}`, headers: { 'Accept-Encoding': value } }, ['content-encoding']);
});

test('gzip: a tab is a blank, too, in Accept-Encoding (RFC 9110 §5.6.3)', async () => {
  const codings: Readonly<Record<string, string | undefined>> = {
    'gzip\t,deflate': 'gzip',
    'deflate,\tgzip': 'gzip',
    'gzip;\tq=0.5': 'gzip',
    'gzip;q=0.5\t,deflate': 'gzip',
    'gzip\tdeflate': undefined,
  };
  for (const [value, coding] of Object.entries(codings)) {
    const reply = await request(twins.ports.moat, {
      path: `/?x${HTML}`,
      headers: { 'Accept-Encoding': value },
    });
    assert.equal(header(reply, 'content-encoding'), coding, JSON.stringify(value));
  }
});

test('gzip: HEAD says what GET would, HTTP/1.0 and old browsers get none', async () => {
  const head = await twins.same({ method: 'HEAD', path: `/?x${HTML}`, headers: gzip });
  assert.equal(header(head, 'content-encoding'), 'gzip');
  await twins.same({ method: 'HEAD', path: '/file/page.html', headers: gzip }, ['content-encoding', 'vary']);
  await twins.same({ path: `/?x${HTML}`, version: '1.0', headers: gzip });
  await twins.same({ path: `/old?x${HTML}`, version: '1.0', headers: gzip });
  for (const agent of [
    MSIE5,
    MSIE5.replace('5.0', '6.0'),
    MSIE5.replace('5.0', '6.0; SV1'),
    MSIE5.replace('5.0', '7.0'),
    'Konqueror/3',
    'konqueror/2',
    'Konqueror/4',
  ])
    await twins.same({ path: `/nobody?x${HTML}`, headers: { ...gzip, 'User-Agent': agent } });
});

test('gzip_proxied: each word lets through what nginx lets through', async () => {
  const places = ['/', '/any', '/auth', '/expired', '/control', '/validators', '/none'];
  const answers = [
    '',
    '&Expires=Thu, 01 Jan 1970 00:00:01 GMT',
    '&Expires=Thu, 01 Jan 2037 00:00:01 GMT',
    '&Expires=soon',
    '&Expires=Thu, 01 Jan 2037 00:00:01 GMT&Date=Fri, 01 Jan 2038 00:00:01 GMT',
    '&Cache-Control=no-cache',
    '&Cache-Control=max-age=1, NO-STORE',
    '&Cache-Control=private',
    '&Cache-Control=private="x"',
    '&Cache-Control=max-age=1',
    '&Last-Modified=Sun, 06 Nov 1994 08:49:37 GMT',
    '&ETag="x"',
  ];
  for (const place of places)
    for (const answer of answers)
      for (const more of [{}, { Authorization: 'Basic eA==' }])
        await twins.same(
          { path: encodeURI(`${place}?x${HTML}${answer}`), headers: { ...gzip, Via: '1.1 x', ...more } },
          ['content-encoding', 'vary'],
        );
});

test('gzip: files, texts and error pages are compressed, ranges are not', async () => {
  for (const path of ['/file/page.html', '/text', '/file/none.html', '/file/empty.html'])
    await twins.same({ path, headers: gzip }, ['content-encoding', 'vary', 'accept-ranges']);
  const ranged = await twins.same({ path: '/file/page.html', headers: { ...gzip, Range: 'bytes=0-9' } });
  assert.equal(plain(ranged), TEXT);
});

test('gunzip: clients without gzip get the plain text, others what the server sent', async () => {
  const packed = gzipSync(TEXT).toString('latin1');
  const members = gzipSync('one ').toString('latin1') + gzipSync('two').toString('latin1');
  const fields = ['Content-Encoding: gzip', 'Content-Type: text/html', 'ETag: "e"', 'Accept-Ranges: bytes'];
  upstream.answerWith(({ target }) => response(200, target.includes('members') ? members : packed, fields));
  for (const headers of [{}, gzip]) {
    const reply = await twins.same({ path: '/off', headers });
    assert.equal(header(reply, 'content-encoding') ? plain(reply) : reply.body, TEXT);
  }
  assert.equal((await twins.same({ path: '/off?members' })).body, 'one two');
  upstream.answerWith(echo);
});

test('gunzip: of several codings the last is undone, when it is gzip', async () => {
  const packed = gzipSync(TEXT).toString('latin1');
  const left: Readonly<Record<string, string>> = {
    'br, gzip': 'br',
    'a, b ,GZIP': 'a, b',
    ', gzip': '',
    'gzip, br': 'gzip, br',
  };
  for (const [codings, rest] of Object.entries(left)) {
    upstream.answerWith(() =>
      response(200, packed, [`Content-Encoding: ${codings}`, 'Content-Type: text/html']),
    );
    const reply = await request(twins.ports.moat, { path: '/off' });
    assert.equal(header(reply, 'content-encoding') ?? '', rest);
    assert.equal(reply.body, rest === codings ? packed : TEXT);
  }
  upstream.answerWith(echo);
});
