/** proxy_http_version 2: nginx and node:http2 as servers, and servers of raw frames that break the rules. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import * as http2 from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  frameHead,
  GOAWAY,
  HEADERS,
  PING,
  PREFACE,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS_ACK,
  settingsFrame,
  windowFrame,
  word,
} from '../../../l7/wire/h2/frame.ts';
import { block, frame, literal } from '../../e2e/h2-wire.ts';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat, startNginx, until } from '../../e2e/rig.ts';
import { request, Wire } from '../../e2e/wire.ts';
import { Authority } from '../authority.ts';

const [port = 0, nginxPort = 0] = await freePorts(2);
const ca = new Authority();
const cert = ca.issue('app.internal');
const servers: { close(): void }[] = [];
const sessions = new Set<http2.Http2Session>();
/** Bodies far beyond the first windows. */
const LONG = Array.from({ length: 60_000 }, (_, line) => `${line}`).join('\n');
let moat: Running;
let nginx: Running;

const portOf = ({ address }: Pick<Server, 'address'>): number => (address() as AddressInfo).port;

async function listening<T extends Server>(server: T): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return portOf({ address: () => server.address() });
}

/** What node:http2 does, by the path it is asked for. */
function answer(stream: http2.ServerHttp2Stream, fields: http2.IncomingHttpHeaders): void {
  stream.on('error', () => {});
  const path = fields[':path'] ?? '';
  if (path.startsWith('/echo')) {
    stream.respond({ ':status': 200, 'x-fields': JSON.stringify(fields) });
    stream.pipe(stream);
  } else if (path === '/long') {
    stream.respond({ ':status': 200, 'content-length': LONG.length });
    stream.end(LONG);
  } else if (path === '/trailers') {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
    stream.end('summed');
  } else if (path === '/hints') {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
    stream.respond({ ':status': 200 });
    stream.end('hinted');
  } else if (path === '/head' || path === '/none') {
    stream.respond(path === '/none' ? { ':status': 204 } : { ':status': 200, 'content-length': 5 }, {
      endStream: true,
    });
  } else if (path !== '/hang') stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
}

const serve = (server: http2.Http2Server | http2.Http2SecureServer): Promise<number> => {
  server.on('stream', answer).on('session', session => void sessions.add(session));
  return listening(server as unknown as Server);
};

/** What the raw server does once a request is there; the stream's number is given. */
let behave: (socket: Socket, stream: number) => void = () => {};
/** Connections to the raw server, each with how many requests came over it. */
let rawConnections: { requests: number }[] = [];

const raw = createServer(socket => {
  const mine = { requests: 0 };
  rawConnections.push(mine);
  let text = '';
  socket.setEncoding('latin1').on('error', () => {});
  socket.on('data', chunk => {
    text += chunk;
    if (text.startsWith(PREFACE)) text = text.slice(PREFACE.length);
    for (;;) {
      const head = Buffer.from(text.slice(0, 9), 'latin1');
      if (head.length < 9 || text.length < 9 + head.readUIntBE(0, 3)) return;
      text = text.slice(9 + head.readUIntBE(0, 3));
      if (head[3] !== HEADERS) continue;
      mine.requests++;
      behave(socket, head.readUInt32BE(5));
    }
  });
});

before(async () => {
  const plain = await serve(
    http2.createServer({ settings: { headerTableSize: 0, initialWindowSize: 1000 } }),
  );
  const secure = await serve(http2.createSecureServer(cert));
  const tunnels = createHttpsServer(cert).on('upgrade', (received, socket) => {
    socket.on('error', () => {});
    const { upgrade } = received.headers;
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${upgrade}`);
  });
  const tunnel = await listening(tunnels);
  const old = await listening(createTlsServer({ ...cert }, socket => void socket.on('error', () => {})));
  const rawPort = await listening(raw);
  nginx = await startNginx(
    httpConf(
      `server { listen 127.0.0.1:${nginxPort} http2; client_max_body_size 0;
      location / { return 200 "$request_method $scheme $host $request_uri $server_protocol $connection_requests $http_cookie"; }
      location /put/ { root {root}; dav_methods PUT; } }`.replace('{root}', 'files'),
    ),
    { files: { 'files/put/here': '' } },
  );
  chmodSync(`${nginx.dir}/files/put`, 0o777); // nginx's workers leave root
  moat = await startMoat(
    httpConf(`
      upstream kept { server 127.0.0.1:${nginxPort}; keepalive 4; }
      upstream raw { server 127.0.0.1:${rawPort} max_fails=0; keepalive 4; }
      upstream fresh { server 127.0.0.1:${rawPort}; keepalive 4; }
      upstream pair { server 127.0.0.1:${rawPort} max_fails=0; server 127.0.0.1:${nginxPort} backup; }
      log_format up "$uri $upstream_status $upstream_trailer_x_sum";
      access_log access.log up;
      proxy_http_version 2; early_hints 1; proxy_read_timeout 10s;
      server {
        listen 127.0.0.1:${port}; client_max_body_size 0;
        location / { proxy_pass http://kept; proxy_set_header Host asked.example; }
        location /plain/ { proxy_pass http://127.0.0.1:${plain}/; proxy_pass_trailers on;
          proxy_set_header X-Own "$arg_x"; proxy_set_header Connection close; }
        location /streamed/ { proxy_pass http://127.0.0.1:${plain}/; proxy_request_buffering off; proxy_buffering off; }
        location /text/ { proxy_pass http://127.0.0.1:${plain}/echo; proxy_set_body "text $uri"; proxy_method POST; }
        location /short/ { proxy_pass http://127.0.0.1:${plain}/; proxy_read_timeout 200ms; }
        location /tls/ { proxy_pass https://127.0.0.1:${secure}/; }
        location /old/ { proxy_pass https://127.0.0.1:${old}/; }
        location /tunnel/ { proxy_pass https://127.0.0.1:${tunnel}/;
          proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; }
        location /raw/ { proxy_pass http://raw; }
        location /fresh/ { proxy_pass http://fresh; }
        location /pair/ { proxy_pass http://pair; }
      }`),
  );
});
after(async () => {
  await moat.stop();
  await nginx.stop();
  for (const session of sessions) session.destroy();
  for (const server of servers) server.close();
  ca[Symbol.dispose]();
});

test('nginx is asked over one connection that is kept', async () => {
  for (const nth of [1, 2, 3]) {
    const { status, body } = await request(port, { path: `/a?b=${nth}`, headers: { Cookie: 'c=1; d=2' } });
    assert.deepEqual([status, body], [200, `GET http asked.example /a?b=${nth} HTTP/2.0 ${nth} c=1; d=2`]);
  }
});

test('a long body goes to nginx as its windows let it', async () => {
  const { status } = await request(port, { method: 'PUT', path: '/put/here', body: LONG });
  assert.equal(status, 204);
  assert.equal(nginx.read('files/put/here'), LONG);
});

test('fields of the request: pseudo-headers first, none of an HTTP/1 connection, proxy_set_header obeyed', async () => {
  const headers = { 'X-Mixed': 'Yes', TE: 'gzip', 'Keep-Alive': '1', Connection: 'close' };
  const reply = await request(port, { path: '/plain/echo?x=own', headers });
  const { host: _, ...fields } = JSON.parse(header(reply, 'x-fields') ?? '{}');
  const { ':authority': authority, ...rest } = fields;
  assert.match(authority, /^127\.0\.0\.1:\d+$/);
  assert.deepEqual(rest, {
    ':method': 'GET',
    ':scheme': 'http',
    ':path': '/echo?x=own',
    'x-mixed': 'Yes',
    'x-own': 'own',
  });
});

for (const where of ['plain', 'streamed'])
  test(`bodies of known and of unknown length come back whole through small windows (${where})`, async () => {
    const known = await request(port, { method: 'POST', path: `/${where}/echo`, body: LONG });
    assert.equal(known.body, LONG);
    const chunks = `${LONG.length.toString(16)}\r\n${LONG}\r\n0\r\n\r\n`;
    const headers = { 'Transfer-Encoding': 'chunked' };
    const unknown = await request(port, { method: 'POST', path: `/${where}/echo`, headers, body: chunks });
    assert.equal(unknown.body, LONG);
  });

test('proxy_set_body, an empty body, a long answer, answers without a body', async () => {
  assert.equal((await request(port, { path: '/text/x' })).body, 'text /text/x');
  assert.equal((await request(port, { method: 'POST', path: '/plain/echo', body: '' })).body, '');
  const long = await request(port, { path: '/plain/long' });
  assert.deepEqual([header(long, 'content-length'), long.body], [String(LONG.length), LONG]);
  const head = await request(port, { method: 'HEAD', path: '/plain/head' });
  assert.deepEqual([head.status, header(head, 'content-length')], [200, '5']);
  assert.equal((await request(port, { path: '/plain/none' })).status, 204);
});

test('trailers and early hints pass', async () => {
  using wire = await Wire.dial(port);
  wire.send('GET /plain/trailers HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n');
  assert.match(await wire.rest(), /summed\r\n0\r\nx-sum: 42\r\n\r\n$/i);
  await until(() => /^\/plain\/trailers 200 42$/m.test(moat.read('access.log')), 'the log line');
  const hinted = await request(port, { path: '/plain/hints' });
  assert.equal(header(hinted.interim[0]!, 'link'), '</a.css>; rel=preload');
  assert.equal(hinted.body, 'hinted');
});

test('over TLS by ALPN; a server that does not choose h2 is not spoken to', async () => {
  const reply = await request(port, { method: 'POST', path: '/tls/echo', body: 'secret' });
  assert.equal(reply.body, 'secret');
  assert.equal(JSON.parse(header(reply, 'x-fields') ?? '{}')[':scheme'], 'https');
  assert.equal((await request(port, { path: '/old/x' })).status, 502);
  assert.match(moat.read(), /did not agree on HTTP\/2 \(ALPN\) while connecting to upstream/);
});

test('a tunnel goes by HTTP/1', async () => {
  using wire = await Wire.dial(port);
  wire.send('GET /tunnel/up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  assert.match(await wire.rest(), /^HTTP\/1\.1 101 .*\r\n\r\nx$/s);
});

test('a stream that is reset is a 502, one that hangs a 504', async () => {
  assert.equal((await request(port, { path: '/plain/reset' })).status, 502);
  assert.match(moat.read(), /upstream reset the stream with error 2 while reading response header/);
  assert.equal((await request(port, { path: '/short/hang' })).status, 504);
});

const OK = block([[':status', '200']]);
const SETTINGS = settingsFrame([]);
const headers = (stream: number, fields: string, flags = END_HEADERS) =>
  frame(HEADERS, flags, stream, fields);
const whole = (stream: number) => headers(stream, OK) + frame(DATA, END_STREAM, stream, 'fine');

/** Bytes of a server that is at fault before its answer is complete, and what of it is in the log. */
const REFUSED: readonly (readonly [name: string, bytes: (stream: number) => string, reason: RegExp])[] = [
  ['HTTP/1', () => 'HTTP/1.1 400 Bad Request\r\n\r\n', /does not speak HTTP\/2/],
  ['no SETTINGS', whole, /does not speak HTTP\/2/],
  ['no :status', id => SETTINGS + headers(id, block([['a', 'b']])), /no ":status"/],
  ['an upper-case name', id => SETTINGS + headers(id, OK + literal('Bad', 'x')), /invalid header name/],
  [
    'a line break in a value',
    id => SETTINGS + headers(id, OK + literal('a', 'b\r\nc: d')),
    /control character/,
  ],
  ['a second :status', id => SETTINGS + headers(id, OK + OK), /invalid header: ":status"/],
  [
    'Transfer-Encoding',
    id => SETTINGS + headers(id, OK + literal('transfer-encoding', 'chunked')),
    /over HTTP\/2/,
  ],
  [
    'two lengths',
    id => SETTINGS + headers(id, OK + literal('content-length', '1').repeat(2)),
    /duplicate header/,
  ],
  ['101', id => SETTINGS + headers(id, block([[':status', '101']])), /sent 101 over HTTP\/2/],
  [
    '1xx without end',
    id => SETTINGS + headers(id, block([[':status', '102']])).repeat(40),
    /too many interim/,
  ],
  ['a large head', id => SETTINGS + headers(id, OK + literal('a', 'x'.repeat(9000))), /too big header/],
  [
    'a head that unfolds',
    id => SETTINGS + headers(id, `${OK}\x40\x01a\x7f\xf1\x06${'x'.repeat(1008)}${'\xbe'.repeat(2000)}`),
    /too large|too big|broke HTTP\/2/,
  ],
  [
    'a head in endless pieces',
    id => SETTINGS + headers(id, OK, 0) + frame(9, 0, id).repeat(40_000),
    /flood of frames/,
  ],
  ['pings', () => SETTINGS + frame(PING, 0, 0, '12345678').repeat(40_000), /flood of frames/],
  ['settings', () => SETTINGS.repeat(40_000), /flood of frames/],
  ['a push', id => SETTINGS + frame(PUSH_PROMISE, END_HEADERS, id, word(2) + OK), /PUSH_PROMISE frame/],
  [
    'DATA before the head',
    id => SETTINGS + frame(DATA, 0, id, 'x'),
    /DATA frame on a stream that is not open/,
  ],
  ['another stream', id => SETTINGS + headers(id + 2, OK), /HEADERS frame on a stream that is not open/],
  ['a lone CONTINUATION', () => SETTINGS + frame(9, END_HEADERS, 0, OK), /inappropriate CONTINUATION/],
  ['a window too large', () => SETTINGS + windowFrame(0, 0x7fffffff), /beyond the largest window/],
  ['a broken block', id => SETTINGS + headers(id, '\xff\xff\xff\xff\xff\xff\xff'), /broke HTTP\/2/],
  [
    'a GOAWAY that leaves the request out',
    () => SETTINGS + frame(GOAWAY, 0, 0, word(0) + word(2)),
    /GOAWAY with error 2/,
  ],
];

for (const [name, bytes, reason] of REFUSED)
  test(`a server at fault gets no further: ${name}`, async () => {
    const before = moat.read().length;
    behave = (socket, stream) => void socket.write(bytes(stream), 'latin1');
    assert.equal((await request(port, { path: '/raw/x' })).status, 502);
    assert.match(moat.read().slice(before), reason);
  });

/** Bytes of answers that break off, or have too much. */
const CUT: readonly (readonly [name: string, bytes: (stream: number) => string])[] = [
  [
    'reset within the body',
    id => headers(id, OK) + frame(DATA, 0, id, 'half') + frame(RST_STREAM, 0, id, word(2)),
  ],
  [
    'shorter than its length',
    id => headers(id, OK + literal('content-length', '9')) + frame(DATA, END_STREAM, id, 'half'),
  ],
  [
    'DATA of another stream',
    id => headers(id, OK) + frame(DATA, 0, id, 'half') + frame(DATA, 0, id + 2, 'x'),
  ],
  [
    'HEADERS in the middle',
    id => headers(id, OK) + frame(DATA, 0, id, 'half') + headers(id, literal('a', 'b')),
  ],
];

for (const [name, bytes] of CUT)
  test(`half an answer does not pass as whole: ${name}`, async () => {
    behave = (socket, stream) => void socket.write(SETTINGS + bytes(stream), 'latin1');
    await assert.rejects(request(port, { path: '/raw/x' }));
  });

test('a client that leaves ends the connection that his request went over', async () => {
  let asked = false;
  let closed = false;
  behave = socket => {
    asked = true;
    socket.on('close', () => (closed = true));
  };
  {
    using wire = await Wire.dial(port);
    wire.send('GET /raw/x HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => asked, 'the request');
  }
  await until(() => closed, 'the connection to close');
});

test('more than the length says is cut off', async () => {
  behave = (socket, stream) =>
    void socket.write(
      SETTINGS +
        headers(stream, OK + literal('content-length', '4')) +
        frame(DATA, END_STREAM, stream, 'fineXX'),
      'latin1',
    );
  assert.equal((await request(port, { path: '/raw/x' })).body, 'fine');
});

test('an answer in single bytes, padded and with frames of unknown types between, is whole', async () => {
  const odd = (id: number) =>
    SETTINGS +
    frame(77, 0, 0, 'what') +
    headers(id, OK) +
    `${frameHead(7, DATA, 8, id)}\x02fine\0\0` +
    frame(PING, 0, 0, '12345678') +
    headers(id, literal('x-end', '1'), END_HEADERS | END_STREAM);
  behave = async (socket, stream) => {
    for (const byte of odd(stream)) {
      socket.write(byte, 'latin1');
      await new Promise<void>(done => setImmediate(done));
    }
  };
  assert.equal((await request(port, { path: '/raw/x' })).body, 'fine');
});

test('a connection is kept until its server says GOAWAY, and stands idle through pings and settings', async () => {
  rawConnections = [];
  const idle = frame(PING, 0, 0, '12345678') + settingsFrame([[4, 70_000]]) + SETTINGS_ACK;
  behave = (socket, stream) =>
    void socket.write((stream === 1 ? SETTINGS : '') + whole(stream) + idle, 'latin1');
  for (let nth = 0; nth < 3; nth++) assert.equal((await request(port, { path: '/fresh/x' })).body, 'fine');
  assert.deepEqual(rawConnections, [{ requests: 3 }]);
  behave = (socket, stream) =>
    void socket.write(frame(GOAWAY, 0, 0, word(stream) + word(0)) + whole(stream), 'latin1');
  assert.equal((await request(port, { path: '/fresh/x' })).body, 'fine');
  behave = (socket, stream) => void socket.write(SETTINGS + whole(stream), 'latin1');
  assert.equal((await request(port, { path: '/fresh/x' })).body, 'fine');
  assert.deepEqual(rawConnections, [{ requests: 4 }, { requests: 1 }]);
});

test('a request that a server refuses goes to the next one', async () => {
  for (const refusal of [
    (id: number) => frame(RST_STREAM, 0, id, word(7)),
    () => frame(GOAWAY, 0, 0, word(0) + word(0)),
  ]) {
    behave = (socket, stream) => void socket.write(SETTINGS + refusal(stream), 'latin1');
    assert.match((await request(port, { path: '/pair/x' })).body, /^GET http .* HTTP\/2\.0/);
  }
  await until(() => /^\/pair\/x 502, 200/m.test(moat.read('access.log')), 'the log line');
});
