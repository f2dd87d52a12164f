/** Heads of HTTP/2 requests through a running moat: what is understood, what is refused, and with what (RFC 9113 §8). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { block, type Fields, fieldOf, H2Wire, literal, pseudo } from '../../e2e/h2-wire.ts';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';

const [port = 0, loose = 0, small = 0] = await freePorts(3);
let moat: Running;
let upstream: Upstream;

before(async () => {
  upstream = await startUpstream(received => response(200, received.raw));
  moat = await startMoat(
    httpConf(`error_log error.log info; http2 on;
    log_format line '$request|$status|$http2|$server_protocol|$request_length|$bytes_sent|$body_bytes_sent|$connection_requests';
    server { listen 127.0.0.1:${port}; server_name localhost; access_log access.log line;
      location / { return 200 "$host|$http_host|$http_x_a|$http_cookie|$cookie_b|$args|$uri"; }
      location /proxy { proxy_pass http://127.0.0.1:${upstream.port}; }
      location /static/ { alias ./; } }
    server { listen 127.0.0.1:${port}; server_name second; return 200 second; }
    server { listen 127.0.0.1:${loose}; underscores_in_headers on; return 200 "$http_x_a"; }
    server { listen 127.0.0.1:${small}; large_client_header_buffers 1 512; max_headers 5; return 200 ok; }`),
  );
});

after(async () => {
  await moat?.stop();
  await upstream?.stop();
});

const ask = async (fields: Fields | string, to = port, body?: string) => {
  await using wire = await H2Wire.dial(to);
  return await wire.answer(wire.open(fields, body));
};

const without = (name: string): Fields => pseudo('/').filter(([key]) => key !== name);
const withFields = (...more: Fields): Fields => [...pseudo('/'), ...more];

/** Heads and what becomes of them. A `told` is looked for in the error log. */
const REFUSED: readonly (readonly [name: string, fields: Fields, status?: number])[] = [
  ['no :method', without(':method')],
  ['no :scheme', without(':scheme')],
  ['no :path', without(':path')],
  ['neither :authority nor host', without(':authority')],
  ['an empty :authority', pseudo('/', 'GET', '')],
  ['an empty :path', pseudo('')],
  ['a :path without slash', pseudo('t1.html')],
  ['an asterisk for a path', pseudo('*')],
  ['a fragment in :path', pseudo('/a#b')],
  ['two authorization', withFields(['authorization', 'a'], ['authorization', 'a'])],
  ['an absolute URL for a path', pseudo('http://localhost/')],
  ['a control character in :path', pseudo('/\x02')],
  ['a blank in :path', pseudo('/a b')],
  ['a broken escape in :path', pseudo('/%zz')],
  [':path above the root', pseudo('/../x')],
  ['a lower-case method', pseudo('/', 'get')],
  ['an empty method', pseudo('/', '')],
  ['a method with a line end', pseudo('/', 'GET\r\nX')],
  ['a strange scheme', [[':scheme', 'ht tp'], ...without(':scheme')]],
  ['two :method', [[':method', 'GET'], ...pseudo('/')]],
  ['two :path', [[':path', '/'], ...pseudo('/')]],
  ['two :scheme', [[':scheme', 'http'], ...pseudo('/')]],
  ['two :authority', [[':authority', 'localhost'], ...pseudo('/')]],
  ['an unknown pseudo-header', [[':status', '200'], ...pseudo('/')]],
  [':protocol without CONNECT', [[':protocol', 'websocket'], ...pseudo('/')]],
  ['a pseudo-header after a header', [...without(':path'), ['x-a', '1'], [':path', '/']]],
  ['an upper-case name', withFields(['X-A', '1'])],
  ['a usual name in upper case', withFields(['Accept', '1'])],
  ['a colon in a name', withFields(['x:a', '1'])],
  ['a blank in a name', withFields(['x a', '1'])],
  ['a control character in a name', withFields(['xa\x02', '1'])],
  ['a name of high bytes', withFields(['x\xe4', '1'])],
  ['an empty name', withFields(['', '1'])],
  ['NUL in a value', withFields(['x-a', 'a\0b'])],
  ['CR in a value', withFields(['x-a', 'a\rb'])],
  ['LF in a value', withFields(['x-a', 'a\nb: c'])],
  ['a control character in a value', withFields(['x-a', 'a\x01b'])],
  ['connection', withFields(['connection', 'close'])],
  ['keep-alive', withFields(['keep-alive', 'timeout=5'])],
  ['proxy-connection', withFields(['proxy-connection', 'close'])],
  ['transfer-encoding', withFields(['transfer-encoding', 'chunked'])],
  ['upgrade', withFields(['upgrade', 'websocket'])],
  ['te other than trailers', withFields(['te', 'gzip'])],
  ['host that is not :authority', withFields(['host', 'localhost2'])],
  ['host with another port', [...pseudo('/', 'GET', 'localhost:1234'), ['host', 'localhost:5678']]],
  ['two hosts', [...without(':authority'), ['host', 'localhost'], ['host', 'localhost']]],
  ['a host that is none', pseudo('/', 'GET', 'local host')],
  ['user information in :authority', pseudo('/', 'GET', 'me@localhost:80')],
  ['two content-length', withFields(['content-length', '0'], ['content-length', '0'])],
  ['content-length that is no number', withFields(['content-length', '1x'])],
  ['content-length without a body', withFields(['content-length', '3'])],
  ['TRACE', pseudo('/', 'TRACE'), 405],
  [
    'CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'localhost:80'],
    ],
    405,
  ],
];

for (const [name, fields, status = 400] of REFUSED)
  test(`h2 head: ${name} is refused with ${status}`, async () => {
    await using wire = await H2Wire.dial(port);
    const answer = await wire.answer(wire.open(fields));
    assert.equal(answer.status, status);
    // The fault is that of one request: the connection and its header table go on.
    assert.equal((await wire.get('/')).status, 200);
  });

const TAKEN: readonly (readonly [name: string, fields: Fields, body: string])[] = [
  [
    'host in place of :authority',
    [...without(':authority'), ['host', 'LocalHost:81']],
    'localhost|LocalHost:81|||||/',
  ],
  ['host beside an equal :authority', withFields(['host', 'localhost']), 'localhost|localhost|||||/'],
  [
    'crumbs of a cookie',
    withFields(['cookie', 'a=1'], ['x-a', '2'], ['cookie', 'b=3']),
    'localhost|localhost|2|a=1; b=3|3||/',
  ],
  ['blanks around a value', withFields(['x-a', ' \ta b \t']), 'localhost|localhost|a b||||/'],
  ['an empty value', withFields(['x-a', '']), 'localhost|localhost|||||/'],
  ['te: trailers', withFields(['te', 'trailers']), 'localhost|localhost|||||/'],
  ['an underscore in a name is left out', withFields(['x_a', '1']), 'localhost|localhost|||||/'],
  ['escapes and arguments', pseudo('/a%20b/../c?d=%41'), 'localhost|localhost||||d=%41|/c'],
  ['high bytes in a value', withFields(['x-a', '\xe4\xff']), 'localhost|localhost|\xe4\xff||||/'],
];

for (const [name, fields, body] of TAKEN)
  test(`h2 head: ${name}`, async () => {
    const answer = await ask(fields);
    assert.deepEqual([answer.status, answer.body], [200, body]);
  });

test('h2 head: OPTIONS * and a refused method tell what may be asked', async () => {
  await using wire = await H2Wire.dial(port);
  const options = await wire.answer(wire.open(pseudo('*', 'OPTIONS')));
  assert.deepEqual([options.status, options.body], [204, '']);
  assert.match(fieldOf(options.fields, 'allow') ?? '', /GET, HEAD/);
  const trace = await wire.answer(wire.open(pseudo('/', 'TRACE')));
  assert.match(fieldOf(trace.fields, 'allow') ?? '', /GET, HEAD/);
});

test('h2 head: servers are found by :authority and by host', async () => {
  assert.equal((await ask(pseudo('/', 'GET', 'second'))).body, 'second');
  assert.equal((await ask([...without(':authority'), ['host', 'second']])).body, 'second');
});

test('h2 head: names with underscores pass where they may', async () => {
  assert.equal((await ask(withFields(['x_a', '1']), loose)).body, '1');
});

test('h2 head: a server gets it as HTTP/1.1, with one Cookie and no field of a connection', async () => {
  const { body } = await ask([
    ...pseudo('/proxy?x=1'),
    ['cookie', 'a=1'],
    ['cookie', 'b=2'],
    ['te', 'trailers'],
    ['x-a', '1'],
  ]);
  assert.match(body, /^GET \/proxy\?x=1 HTTP\/1\.1\r\n/);
  assert.match(body, /\r\ncookie: a=1; b=2\r\n/);
  assert.match(body, /\r\nx-a: 1\r\n/);
  assert.doesNotMatch(body, /\r\n(te|host: localhost|:\w+)/i);
});

test('h2 head: fields and heads have the limits of large_client_header_buffers, counted decoded', async () => {
  const base = pseudo('/').reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const padded = (bytes: number): Fields => withFields(['x-a', 'y'.repeat(bytes - base - 3)]);
  assert.equal((await ask(padded(512), small)).status, 200);
  for (const fields of [
    padded(513),
    withFields(['x'.repeat(513), '1']),
    withFields(['x-a', 'y'.repeat(513)]),
  ]) {
    await using wire = await H2Wire.dial(small);
    wire.open(fields);
    assert.deepEqual(await wire.farewell(), { code: 11, last: 1 });
  }
});

test('h2 head: an entry of the header table counts each time that it is used', async () => {
  await using wire = await H2Wire.dial(small);
  // The literal is indexed (0x40), then used by its index (62, 0x80 | 62).
  const indexed = `${block(pseudo('/'))}\x40${literal('x-a', 'y'.repeat(400)).slice(1)}`;
  assert.equal((await wire.answer(wire.open(indexed))).status, 200);
  wire.open(`${block(pseudo('/'))}\xbe\xbe`);
  assert.deepEqual(await wire.farewell(), { code: 11, last: 3 });
});

test('h2 head: more fields than max_headers get 431', async () => {
  const more: Fields = ['a', 'b', 'c', 'd', 'e'].map(name => [name, '1']);
  assert.equal((await ask(withFields(...more.slice(1)), small)).status, 200);
  assert.equal((await ask(withFields(...more), small)).status, 431);
});

test('h2: what the logs tell', async () => {
  await using wire = await H2Wire.dial(port);
  await wire.get('/log?1');
  const second = await wire.get('/log?2');
  const sent = wire.on(3).reduce((sum, { payload }) => sum + payload.length + 9, 0);
  await until(() => moat.read('access.log').includes('/log?2'), 'the log line');
  const [line] = moat
    .read('access.log')
    .split('\n')
    .filter(each => each.includes('/log?2'));
  const length = block(pseudo('/log?2')).length;
  assert.equal(line, `GET /log?2 HTTP/2.0|200|h2c|HTTP/2.0|${length}|${sent}|${second.body.length}|2`);
});

test('h2: answers have lower-case names, a length and no Connection; HEAD and 304 have no body', async () => {
  await using wire = await H2Wire.dial(port);
  const got = await wire.get('/static/nginx.conf');
  assert.equal(got.body, moat.read('nginx.conf'));
  assert.equal(fieldOf(got.fields, 'content-length'), String(got.body.length));
  assert.match(fieldOf(got.fields, 'server') ?? '', /^moat/);
  assert.match(fieldOf(got.fields, 'date') ?? '', / GMT$/);
  for (const [name] of got.fields) assert.match(name, /^[:a-z-]+$/);
  assert.equal(fieldOf(got.fields, 'connection'), undefined);
  const head = await wire.answer(wire.open(pseudo('/static/nginx.conf', 'HEAD')));
  assert.deepEqual(
    [head.status, head.body, fieldOf(head.fields, 'content-length')],
    [200, '', String(got.body.length)],
  );
  const etag = fieldOf(got.fields, 'etag')!;
  const same = await wire.get('/static/nginx.conf', [['if-none-match', etag]]);
  assert.deepEqual([same.status, same.body], [304, '']);
  const part = await wire.get('/static/nginx.conf', [['range', 'bytes=0-3']]);
  assert.deepEqual([part.status, part.body], [206, got.body.slice(0, 4)]);
});

test('h2: the old protocol is spoken on the same port, and what only looks like the preface is its business', async () => {
  const { request } = await import('../../e2e/wire.ts');
  const reply = await request(port);
  assert.equal(reply.status, 200);
  assert.equal(header(reply, 'content-type'), 'text/plain');
  await using wire = await H2Wire.dial({ port, begin: 'PRI * HTTP/2.0\r\n\r\nxxxxxxxx' });
  await wire.until(() => wire.rest.includes('\r\n\r\n') || wire.ended, 'an answer');
  assert.match(wire.rest, /^HTTP\/1\.1 (400|505) /);
});
