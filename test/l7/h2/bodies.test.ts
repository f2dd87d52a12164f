/** Bodies both ways over HTTP/2 through a running moat: windows, trailers, interim answers, faults in the middle. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { settingsFrame, windowFrame } from '../../../l7/wire/h2/frame.ts';
import { type Fields, fieldOf, frame, H2Wire, literal, pseudo, wordOf } from '../../e2e/h2-wire.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { Authority } from '../authority.ts';

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const WINDOW_UPDATE = 8;
const BIG = 400_000;

const [port = 0, secure = 0, paged = 0] = await freePorts(3);
const ca = new Authority();
const pair = ca.issue('localhost');
let moat: Running;
let upstream: Upstream;
/** Connections whose server was told to hang. */
let hanging = 0;

before(async () => {
  upstream = await startUpstream((received, socket) => {
    const path = received.target.split('?')[0]!;
    switch (path) {
      case '/trailer':
        return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n';
      case '/hints':
        return `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n${response(200, 'page')}`;
      case '/cut':
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this', 'latin1');
        return undefined;
      case '/cut-chunks':
        socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 'latin1');
        return undefined;
      case '/hang':
        hanging++;
        socket.once('close', () => hanging--);
        return undefined;
      case '/big':
        return response(200, 'x'.repeat(BIG));
      case '/chunks':
        return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n';
      case '/empty':
        return response(200, '');
      case '/deny':
        return response(403, '');
      default:
        return response(200, `${received.body.length} ${received.raw.split('\r\n\r\n')[0]}`);
    }
  });
  const to = `http://127.0.0.1:${upstream.port}`;
  moat = await startMoat(
    httpConf(
      `error_log error.log info; http2 on;
    limit_conn_zone $server_port zone=conns:64k;
    limit_req_zone $server_port zone=reqs:64k rate=1r/m;
    log_format line '$uri $status $request_completion $request_length $body_bytes_sent';
    access_log access.log line;
    server { listen 127.0.0.1:${port}; server_name localhost;
      client_max_body_size 1m; large_client_header_buffers 4 40k;
      proxy_pass_trailers on;
      early_hints $http2;
      location / { proxy_pass ${to}; }
      location /streamed/ { proxy_pass ${to}/; proxy_request_buffering off; }
      location /small/ { proxy_pass ${to}/; client_max_body_size 10; }
      location /static/ { alias ./; http2_chunk_size 1k; }
      location /wide { http2_chunk_size 64k; alias big; }
      location /trailed { add_trailer X-Sum $body_bytes_sent; return 200 body; }
      location /trailed/empty { add_trailer X-Sum none; return 200; }
      location /long { add_header X-Long $arg_h; add_header X-Long $arg_h; add_header X-Long $arg_h; return 204; }
      location /tiny { http2_chunk_size 1; return 200 body; }
      location /slow { limit_rate 100k; alias ./big; }
      location /one { limit_conn conns 1; proxy_pass ${to}/hang; }
      location /rare { limit_req zone=reqs; proxy_pass ${to}/empty; }
      location /guarded { auth_request /auth; proxy_pass ${to}; }
      location /locked { auth_request /denied; proxy_pass ${to}; }
      location = /auth { internal; proxy_pass ${to}/empty; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
      location = /denied { internal; proxy_pass ${to}/deny; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
      location /mirrored { mirror /copy; proxy_pass ${to}; }
      location = /copy { internal; proxy_pass ${to}/copied; }
      location /page { error_page 404 = /found; return 404; }
      location /found { return 200 found; }
      location /close { return 444; } }
    server { listen 127.0.0.1:${paged}; http2_body_preread_size 10; error_page 400 /pages/broken; error_page 413 /pages/large;
      location / { client_max_body_size 10; proxy_pass ${to}; }
      location /streamed/ { proxy_request_buffering off; proxy_pass ${to}; }
      location /pages/ { proxy_pass ${to}; } }
    server { listen 127.0.0.1:${secure} ssl; ssl_certificate c.crt; ssl_certificate_key c.key;
      location / { proxy_pass ${to}; } location /static/ { alias ./; } }`,
    ),
    { files: { 'c.crt': pair.cert, 'c.key': pair.key, big: 'x'.repeat(BIG) } },
  );
});

after(async () => {
  await moat?.stop();
  await upstream?.stop();
  ca[Symbol.dispose]();
});

const lengths = (wire: H2Wire, stream: number) =>
  wire
    .on(stream)
    .filter(({ type }) => type === DATA)
    .map(({ payload }) => payload.length);
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const logged = (line: RegExp) => until(() => line.test(moat.read('access.log')), `${line} in the access log`);

test('h2 bodies: what chunk size and frame size make of a body', async () => {
  await using wire = await H2Wire.dial(port);
  const tiny = wire.open(pseudo('/tiny'));
  assert.equal((await wire.answer(tiny)).body, 'body');
  assert.deepEqual(
    wire
      .on(tiny)
      .slice(1)
      .map(({ flags, payload }) => `${flags}${payload}`),
    ['0b', '0o', '0d', '1y'],
  );
  const file = wire.open(pseudo('/static/big'));
  assert.equal((await wire.answer(file)).body.length, BIG);
  assert.ok(lengths(wire, file).every(length => length <= 1024));
});

test('h2 bodies: a stream stops at its window, and goes on when it opens', async () => {
  await using wire = await H2Wire.dial({ port, narrow: true });
  const stream = wire.open(pseudo('/static/big'));
  await wire.until(() => sum(lengths(wire, stream)) >= 65_535, 'the window to be used up');
  await wire.settled();
  assert.equal(sum(lengths(wire, stream)), 65_535);
  // The stream alone, then the connection alone: both are needed.
  wire.send(windowFrame(stream, 100_000));
  await wire.settled();
  assert.equal(sum(lengths(wire, stream)), 65_535);
  wire.send(windowFrame(0, 50_000));
  await wire.until(() => sum(lengths(wire, stream)) >= 115_535, 'the window to be used up');
  await wire.settled();
  assert.equal(sum(lengths(wire, stream)), 115_535);
  wire.send(windowFrame(0, 1_000_000) + settingsFrame([[4, 1_000_000]]));
  assert.equal((await wire.answer(stream)).body.length, BIG);
});

test('h2 bodies: a window may become negative, and a tiny one gets tiny frames', async () => {
  await using wire = await H2Wire.dial({ port, narrow: true });
  const stream = wire.open(pseudo('/static/big'));
  await wire.until(() => sum(lengths(wire, stream)) >= 65_535, 'the window to be used up');
  wire.send(windowFrame(0, 100_000) + settingsFrame([[4, 42]]) + windowFrame(stream, 65_535 - 42));
  await wire.settled();
  assert.equal(sum(lengths(wire, stream)), 65_535);
  for (let count = 0; count < 5; count++) wire.send(windowFrame(stream, 1));
  await wire.settled();
  assert.deepEqual(lengths(wire, stream).slice(-5), [1, 1, 1, 1, 1]);
});

test('h2 bodies: of several settings in one frame none holds before all are read', async () => {
  await using wire = await H2Wire.dial({ port, narrow: true });
  wire.send(windowFrame(0, 1_000_000) + settingsFrame([[4, 42]]));
  const stream = wire.open(pseudo('/big'));
  await wire.until(() => sum(lengths(wire, stream)) === 42, 'the window to be used up');
  wire.send(
    settingsFrame([
      [4, 1_000_000],
      [5, 32_768],
    ]),
  );
  assert.equal((await wire.answer(stream)).body.length, BIG);
});

test('h2 bodies: frames are as long as chunk size and client allow', async () => {
  await using wire = await H2Wire.dial(port);
  const usual = wire.open(pseudo('/wide'));
  await wire.answer(usual);
  assert.equal(lengths(wire, usual)[0], 16_384);
  wire.send(settingsFrame([[5, 32_768]]));
  const longer = wire.open(pseudo('/wide'));
  await wire.answer(longer);
  assert.equal(lengths(wire, longer)[0], 32_768);
});

test('h2 bodies: a long head goes in several frames', async () => {
  const value = 'z'.repeat(30_000);
  await using wire = await H2Wire.dial(port);
  for (const most of [16_384, 131_072]) {
    wire.send(settingsFrame([[5, most]]));
    const stream = wire.open(pseudo(`/long?h=${value}`));
    await wire.until(() => wire.on(stream).some(({ fields }) => fields !== undefined), 'the head');
    const frames = wire.on(stream);
    assert.ok(frames.every(({ payload }) => payload.length <= most));
    assert.equal(frames.length === 1, most > 90_000);
    assert.equal(frames[0]!.flags & 1, 1, 'no body follows');
    assert.deepEqual(
      frames
        .at(-1)!
        .fields!.filter(([name]) => name === 'x-long')
        .map(([, each]) => each === value),
      [true, true, true],
    );
  }
});

test('h2 bodies: trailers of moat itself, with a length beside them', async () => {
  await using wire = await H2Wire.dial(port);
  const answer = await wire.get('/trailed');
  assert.deepEqual([answer.body, answer.trailer], ['body', [['x-sum', '4']]]);
  assert.equal(fieldOf(answer.fields, 'content-length'), '4');
  assert.deepEqual((await wire.get('/trailed/empty')).trailer, [['x-sum', 'none']]);
  const head = await wire.answer(wire.open(pseudo('/trailed', 'HEAD')));
  assert.deepEqual([head.status, head.trailer], [200, undefined]);
});

test('h2 bodies: streams of one connection share it: a small answer passes a large one', async () => {
  await using wire = await H2Wire.dial({ port, narrow: true });
  const large = wire.open(pseudo('/static/big'));
  await wire.until(() => sum(lengths(wire, large)) >= 65_535, 'the window to be used up');
  assert.equal((await wire.answer(wire.open(pseudo('/static/c.crt', 'HEAD')))).status, 200);
  const pieces = [...pseudo('/static/big'), ['priority', 'i']] as const;
  const [a, b] = [wire.open(pieces), wire.open(pieces)];
  await wire.settled();
  wire.send(windowFrame(0, 60_000));
  await wire.until(() => sum(lengths(wire, a)) + sum(lengths(wire, b)) >= 60_000, 'the window to be used up');
  assert.ok(Math.abs(sum(lengths(wire, a)) - sum(lengths(wire, b))) <= 1024, 'both had their turns');
});

test('h2 bodies: lengths that are not known, empty bodies, trailers', async () => {
  await using wire = await H2Wire.dial(port);
  const chunks = await wire.get('/chunks');
  assert.deepEqual(
    [chunks.status, chunks.body, fieldOf(chunks.fields, 'content-length')],
    [200, 'hello world', undefined],
  );
  const empty = wire.open(pseudo('/empty'));
  const answer = await wire.answer(empty);
  assert.deepEqual([answer.status, fieldOf(answer.fields, 'content-length')], [200, '0']);
  assert.deepEqual(
    wire.on(empty).map(({ type, flags }) => [type, flags]),
    [[HEADERS, 5]],
  );
  const trailer = await wire.get('/trailer', [['te', 'trailers']]);
  assert.deepEqual([trailer.body, trailer.trailer], ['hello', [['x-sum', '5']]]);
});

test('h2 bodies: early hints come before the answer, and 100 when a body is wanted', async () => {
  await using wire = await H2Wire.dial(port);
  const hinted = await wire.get('/hints');
  assert.deepEqual(hinted.interim, [
    [
      [':status', '103'],
      ['link', '</a.css>; rel=preload'],
    ],
  ]);
  assert.equal(hinted.body, 'page');
  const stream = wire.open(
    [...pseudo('/', 'POST'), ['expect', '100-continue'], ['content-length', '3']],
    null,
  );
  await wire.take(HEADERS, stream);
  wire.data(stream, 'abc');
  const answer = await wire.answer(stream);
  assert.deepEqual(answer.interim, [[[':status', '100']]]);
  assert.match(answer.body, /^3 POST/);
});

for (const path of ['/cut', '/cut-chunks'])
  test(`h2 bodies: a server that breaks off (${path}) is no clean end`, async () => {
    await using wire = await H2Wire.dial(port);
    const answer = await wire.get(path);
    assert.deepEqual([answer.status, answer.reset], [200, 2]);
    assert.equal((await wire.get('/found')).body, 'found');
  });

test('h2 bodies: return 444 resets the stream and nothing else', async () => {
  await using wire = await H2Wire.dial(port);
  const answer = await wire.get('/close');
  assert.deepEqual([answer.status, answer.reset !== undefined], [0, true]);
  assert.equal((await wire.get('/page')).body, 'found');
});

for (const where of ['', '/streamed']) {
  test(`h2 bodies: requests in pieces reach the server${where}`, async () => {
    await using wire = await H2Wire.dial(port);
    const stream = wire.open(pseudo(`${where}/`, 'POST'), null);
    wire
      .data(stream, 'abc', false)
      .data(stream, '', false)
      .frame(DATA, 8, stream, '\x02de\0\0')
      .data(stream, 'f');
    assert.match((await wire.answer(stream)).body, /^6 POST \/ HTTP\/1\.1/);
    const told = await wire.post(`${where}/`, 'abc', [['content-length', '3']]);
    assert.match(told.body, /content-length: 3\b/i);
    assert.match((await wire.post(`${where}/`, '')).body, /^0 POST/);
  });

  test(`h2 bodies: a large request passes as fast as windows are given${where}`, async () => {
    await using wire = await H2Wire.dial(port);
    const stream = wire.open(pseudo(`${where}/`, 'POST'), null);
    let sent = 0;
    const granted = () =>
      65_536 +
      sum(
        wire
          .on(stream)
          .filter(({ type }) => type === WINDOW_UPDATE)
          .map(({ payload }) => wordOf(payload)),
      );
    while (sent < 1_000_000) {
      const bytes = Math.min(10_000, 1_000_000 - sent);
      await wire.until(() => granted() - sent >= bytes, 'the window to open');
      wire.data(stream, 'y'.repeat(bytes), sent + bytes === 1_000_000);
      sent += bytes;
    }
    assert.match((await wire.answer(stream)).body, /^1000000 POST/);
  });

  test(`h2 bodies: a trailer ends a request${where}`, async () => {
    await using wire = await H2Wire.dial(port);
    const stream = wire.open(pseudo(`${where}/`, 'POST'), null);
    wire.data(stream, 'abc', false).frame(HEADERS, 5, stream, literal('x-sum', '3'));
    assert.match((await wire.answer(stream)).body, /^3 POST/);
  });

  test(`h2 bodies: more and less than content-length are refused${where}`, async () => {
    await using wire = await H2Wire.dial(port);
    for (const body of ['ab', 'abcd']) {
      const answer = await wire.post(`${where}/`, body, [['content-length', '3']]);
      assert.equal(answer.status, 400);
    }
    assert.equal((await wire.get('/found')).status, 200);
  });
}

test('h2 bodies: a body that is too large gets 413, told beforehand or found out; the connection goes on', async () => {
  await using wire = await H2Wire.dial(port);
  const told = wire.open([...pseudo('/small/', 'POST'), ['content-length', '11']], null);
  const answer = await wire.answer(told);
  assert.equal(answer.status, 413);
  assert.equal(wordOf((await wire.take(RST_STREAM, told)).payload), 0, 'no more is wanted of the body');
  wire.data(told, 'x'.repeat(11));
  assert.equal((await wire.post('/small/', 'x'.repeat(11))).status, 413);
  assert.equal((await wire.post('/small/', 'x'.repeat(10))).status, 200);
});

/** A request, what comes of it, and the page that its server is asked for instead. */
const PAGED: readonly (readonly [
  name: string,
  path: string,
  more: Fields,
  body: string | undefined,
  status: number,
  page: string,
])[] = [
  ['a broken head', '/x', [['x:a', '1']], undefined, 400, 'broken'],
  ['a length and no body', '/x', [['content-length', '1']], undefined, 400, 'broken'],
  ['a body too short', '/x', [['content-length', '2']], 'a', 400, 'broken'],
  ['a body too long', '/x', [['content-length', '1']], 'ab', 400, 'broken'],
  ['a streamed body too short', '/streamed/x', [['content-length', '2']], 'a', 400, 'broken'],
  ['a streamed body too long', '/streamed/x', [['content-length', '1']], 'ab', 400, 'broken'],
  ['a body too large, as told', '/x', [['content-length', '11']], 'x'.repeat(11), 413, 'large'],
  ['a body too large, as found', '/x', [], 'x'.repeat(11), 413, 'large'],
];

for (const [name, path, more, body, status, page] of PAGED)
  test(`h2 bodies: ${name} gets the error page, without the body`, async () => {
    await using wire = await H2Wire.dial(paged);
    const answer = await wire.answer(wire.open([...pseudo(path, 'POST'), ...more], body));
    assert.equal(answer.status, status);
    assert.match(answer.body, new RegExp(`^0 GET /pages/${page} HTTP/1.1`));
    assert.doesNotMatch(answer.body, /content-length: [1-9]/i);
  });

test('h2 bodies: how much may come before it is wanted holds once the client has heard of it', async () => {
  await using wire = await H2Wire.dial(paged);
  const early = wire.open(pseudo('/streamed/x', 'POST'), 'x'.repeat(5000));
  assert.match((await wire.answer(early)).body, /^5000 POST/);
  await wire.settled();
  const late = wire.open(pseudo('/streamed/x', 'POST'), null);
  await wire.take(WINDOW_UPDATE, late);
  wire.data(late, 'x'.repeat(5000));
  assert.match((await wire.answer(late)).body, /^5000 POST/);
});

test('h2 bodies: an answer before the end of the request asks for no more, and late trailers are no fault', async () => {
  await using wire = await H2Wire.dial(port);
  const stream = wire.open(pseudo('/found', 'POST'), null);
  assert.equal((await wire.answer(stream)).body, 'found');
  assert.equal(wordOf((await wire.take(RST_STREAM, stream)).payload), 0);
  wire.data(stream, 'abc', false).frame(HEADERS, 5, stream, literal('x-sum', '3'));
  assert.equal((await wire.get('/found')).status, 200);
});

test('h2 bodies: a stream that the client resets gives its server up, and is logged as 499', async () => {
  await using wire = await H2Wire.dial(port);
  const stream = wire.open(pseudo('/hang'));
  await until(() => hanging === 1, 'the server to be asked');
  wire.reset(stream);
  await until(() => hanging === 0, 'the server to be left');
  await logged(/^\/hang 499 /m);
  await until(() => moat.read().includes(`client canceled stream ${stream}`), 'the error log');
});

test('h2 bodies: a connection that goes away takes its requests with it', async () => {
  const wire = await H2Wire.dial(port);
  for (const path of ['/hang?1', '/hang?2']) wire.open(pseudo(path));
  await until(() => hanging === 2, 'the server to be asked');
  wire.socket.destroy();
  await until(() => hanging === 0, 'the server to be left');
});

test('h2 bodies: limit_conn counts streams, limit_req requests', async () => {
  await using wire = await H2Wire.dial(port);
  const first = wire.open(pseudo('/one'));
  await until(() => hanging === 1, 'the server to be asked');
  assert.equal((await wire.get('/one')).status, 503);
  wire.reset(first);
  await until(() => hanging === 0, 'the server to be left');
  const again = wire.open(pseudo('/one'));
  await until(() => hanging === 1, 'the server to be asked again');
  wire.reset(again);
  const answers = await Promise.all([wire.get('/rare'), wire.get('/rare')]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 503]);
});

test('h2 bodies: auth_request and mirror, with bodies', async () => {
  await using wire = await H2Wire.dial(port);
  assert.match((await wire.post('/guarded', 'abc')).body, /^3 POST \/guarded/);
  assert.equal((await wire.post('/locked', 'abc')).status, 403);
  assert.match((await wire.post('/mirrored', 'abcd')).body, /^4 POST \/mirrored/);
  await until(
    () => upstream.requests.some(({ target, body }) => target === '/copied' && body === 'abcd'),
    'the copy',
  );
});

test('h2 bodies: limit_rate', async () => {
  await using wire = await H2Wire.dial(port);
  const answer = await wire.get('/slow');
  assert.equal(answer.body.length, BIG);
});

test('h2 bodies: over TLS, agreed on by ALPN, also with curl', async () => {
  await using wire = await H2Wire.dial({ port: secure, tls: { servername: 'localhost' } });
  assert.match((await wire.post('/x', 'abc')).body, /^3 POST \/x/);
  const big = await wire.get('/static/big');
  assert.equal(big.body.length, BIG);
  const url = `https://127.0.0.1:${secure}/static/big`;
  const out = execFileSync('curl', ['-sk', '--http2', '-w', '%{http_version}', url], { encoding: 'latin1' });
  assert.equal(out.slice(BIG), '2');
  const old = execFileSync('curl', ['-sk', '--http1.1', '-w', '%{http_version}', url], {
    encoding: 'latin1',
  });
  assert.equal(old.slice(BIG), '1.1');
});

test('h2 bodies: what the log tells of bodies', async () => {
  await using wire = await H2Wire.dial(port);
  const fields = pseudo('/logged', 'POST');
  const stream = wire.open(fields, 'abcde');
  const answer = await wire.answer(stream);
  const head = wire.on(stream).length > 0 ? frame(0, 0, 0).length : 0;
  assert.equal(head, 9);
  const block = fields.map(([name, value]) => literal(name, value)).join('').length;
  await logged(new RegExp(`^/logged 200 OK ${block + 5} ${answer.body.length}$`, 'm'));
});
