/** WebSockets over HTTP/2 (RFC 8441): an extended CONNECT goes on as an upgrade of HTTP/1.1. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { windowFrame } from '../../../l7/wire/h2/frame.ts';
import { type Fields, fieldOf, H2Wire, pseudo, wordOf } from '../../e2e/h2-wire.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const WINDOW_UPDATE = 8;

const [port = 0, closed = 0] = await freePorts(2);
let moat: Running;
let upstream: Upstream;
let tunnels: Socket[] = [];

before(async () => {
  upstream = await startUpstream(({ target }, socket) => {
    if (target === '/no-upgrade') return response(200, 'SEE-THIS');
    if (target === '/forbidden') return response(403, 'not you');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\nX-A: 1\r\n\r\n',
    );
    if (target === '/greets') socket.write('hello');
    socket.removeAllListeners('data');
    socket.on('data', bytes => socket.write(`<${bytes.toString('latin1')}>`, 'latin1'));
    socket.allowHalfOpen = true;
    socket.on('end', () => socket.end('bye'));
    tunnels.push(socket);
    socket.on('close', () => (tunnels = tunnels.filter(each => each !== socket)));
    return undefined;
  });
  const to = `http://127.0.0.1:${upstream.port}`;
  moat = await startMoat(
    httpConf(`error_log error.log info; log_format line '$request $status $body_bytes_sent'; access_log access.log line;
    http2 on;
    server { listen 127.0.0.1:${port}; http2_extended_connect on;
      location / { accept_extended_connect on; proxy_pass ${to}; }
      location /usual { accept_extended_connect on; proxy_pass ${to}; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection close; }
      location /shut { proxy_pass ${to}; }
      location /quick { accept_extended_connect on; proxy_pass ${to}; proxy_read_timeout 300ms; }
      location /text { accept_extended_connect on; return 200 text; } }
    server { listen 127.0.0.1:${closed}; location / { accept_extended_connect on; proxy_pass ${to}; } }`),
  );
});

after(async () => {
  await moat?.stop();
  await upstream?.stop();
});

const connect = (path: string, protocol = 'websocket', method = 'CONNECT'): Fields => [
  [':protocol', protocol],
  ...pseudo(path, method),
  ['sec-websocket-version', '13'],
  ['sec-websocket-key', 'mine'],
];

const received = (wire: H2Wire, stream: number) =>
  wire
    .on(stream)
    .filter(({ type }) => type === DATA)
    .map(({ payload }) => payload)
    .join('');

const opened = async (wire: H2Wire, path: string): Promise<number> => {
  const stream = wire.open(connect(path), null);
  const { fields } = await wire.take(HEADERS, stream);
  assert.equal(fieldOf(fields!, ':status'), '200');
  return stream;
};

test('h2 tunnel: it is offered where it is configured', async () => {
  for (const [to, offered] of [
    [port, true],
    [closed, false],
  ] as const) {
    await using wire = await H2Wire.dial(to);
    const { payload } = await wire.take(SETTINGS);
    assert.equal(payload.includes('\0\x08\0\0\0\x01'), offered);
  }
});

for (const path of ['/chat', '/usual'])
  test(`h2 tunnel: what the server is asked, and what the client is told (${path})`, async () => {
    await using wire = await H2Wire.dial(port);
    const stream = await opened(wire, path);
    const { raw } = upstream.requests.at(-1)!;
    assert.match(raw, new RegExp(`^GET ${path} HTTP/1\\.1\r\n`));
    assert.equal(raw.match(/^upgrade: websocket\r$/gim)?.length, 1);
    assert.equal(raw.match(/^connection: upgrade\r$/gim)?.length, 1);
    assert.equal(raw.match(/^sec-websocket-key: [\w+/]{22}==\r$/gim)?.length, 1);
    assert.equal(raw.match(/^sec-websocket-version: 13\r$/gim)?.length, 1);
    assert.doesNotMatch(raw, /^(content-length|transfer-encoding|:)/im);
    const { fields } = await wire.take(HEADERS, stream);
    assert.equal(fieldOf(fields!, 'x-a'), '1');
    for (const gone of ['upgrade', 'connection', 'sec-websocket-accept', 'content-length'])
      assert.equal(fieldOf(fields!, gone), undefined);
  });

test('h2 tunnel: bytes go both ways, also before it stands, and one way ends before the other', async () => {
  await using wire = await H2Wire.dial(port);
  const stream = wire.open(connect('/greets'), null);
  wire.data(stream, 'early', false);
  await wire.until(() => received(wire, stream) === 'hello<early>', 'the echo');
  wire.data(stream, 'more', false);
  await wire.until(() => received(wire, stream) === 'hello<early><more>', 'the echo');
  wire.data(stream, 'last');
  await wire.until(() => received(wire, stream) === 'hello<early><more><last>bye', 'the end');
  const answer = await wire.answer(stream);
  assert.deepEqual([answer.status, answer.reset], [200, undefined]);
  await until(() => tunnels.length === 0, 'the server to be left');
  await until(() => moat.read('access.log').includes('CONNECT /greets HTTP/2.0 200 27'), 'the log line');
});

test('h2 tunnel: much passes within the windows', async () => {
  await using wire = await H2Wire.dial(port);
  const stream = await opened(wire, '/chat');
  const granted = () =>
    65_536 +
    wire
      .on(stream)
      .filter(({ type }) => type === WINDOW_UPDATE)
      .reduce((sum, { payload }) => sum + wordOf(payload), 0);
  let sent = 0;
  for (; sent < 2_000_000; sent += 50_000) {
    await wire.until(() => granted() - sent >= 50_000, 'the window to open');
    wire.data(stream, 'x'.repeat(50_000), false);
  }
  await wire.until(() => received(wire, stream).replace(/[<>]/g, '').length === sent, 'all to come back');
  await using narrow = await H2Wire.dial({ port, narrow: true });
  const other = await opened(narrow, '/chat');
  narrow.data(other, 'y'.repeat(60_000), false).data(other, 'y'.repeat(5_000), false);
  await narrow.until(() => received(narrow, other).length >= 65_000, 'the window to be used up');
  await narrow.settled();
  assert.ok(received(narrow, other).length <= 65_535);
  narrow.send(windowFrame(0, 100_000) + windowFrame(other, 100_000)).data(other, 'end', false);
  await narrow.until(() => received(narrow, other).endsWith('<end>'), 'the rest');
});

test('h2 tunnel: a client that resets, a connection that goes, a server that goes', async () => {
  const wire = await H2Wire.dial(port);
  const first = await opened(wire, '/chat');
  wire.reset(first);
  await until(() => tunnels.length === 0, 'the server to be left');
  const second = await opened(wire, '/chat');
  tunnels[0]!.resetAndDestroy();
  assert.notEqual((await wire.answer(second)).reset, undefined);
  const third = await opened(wire, '/chat');
  tunnels[0]!.end('fin');
  await wire.until(() => received(wire, third).endsWith('fin'), 'the last words');
  wire.data(third, '');
  assert.equal((await wire.answer(third)).reset, undefined);
  await opened(wire, '/chat');
  wire.socket.destroy();
  await until(() => tunnels.length === 0, 'the server to be left');
});

test('h2 tunnel: one that is silent for proxy_read_timeout ends', async () => {
  await using wire = await H2Wire.dial(port);
  const stream = await opened(wire, '/quick');
  assert.notEqual((await wire.answer(stream)).reset, undefined);
  assert.equal((await wire.take(RST_STREAM, stream)).stream, stream);
});

for (const [what, fields, to, status] of [
  ['a GET with :protocol', connect('/', 'websocket', 'GET'), port, 400],
  ['where it is not offered', connect('/'), closed, 405],
  ['where the location does not accept it', connect('/shut'), port, 405],
  ['where nothing is proxied', connect('/text/'), port, 405],
  ['another protocol', connect('/', 'connect-udp'), port, 501],
  ['a server that does not upgrade', connect('/no-upgrade'), port, 502],
  ['a server that refuses', connect('/forbidden'), port, 403],
] as const)
  test(`h2 tunnel: ${what} is answered with ${status}`, async () => {
    await using wire = await H2Wire.dial(to);
    const answer = await wire.answer(wire.open(fields));
    assert.equal(answer.status, status);
    assert.doesNotMatch(answer.body, /SEE-THIS/);
  });
