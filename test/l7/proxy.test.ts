/** The proxy module through a running moat: what servers receive, what clients get, and what failures become. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { header } from '../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { type Received, response, startUpstream, type Upstream } from '../e2e/upstream.ts';
import { request, Wire } from '../e2e/wire.ts';

const [port = 0, dead = 0] = await freePorts(2);
let moat: Running;
let first: Upstream;
let second: Upstream;

/** Until the test lets it go on. */
const { promise: waiting, resolve: letGo } = Promise.withResolvers<void>();

/** What a server does, by the path it is asked for. */
function answer(name: string): (received: Received, socket: Socket) => string | undefined {
  return (received, socket) => {
    const path = received.target.split('?')[0]!;
    switch (path) {
      case '/echo':
        return response(200, received.raw, [`X-Server: ${name}`]);
      case '/body':
        return response(200, received.body);
      case '/fail-first':
        return name === 'first' ? response(503, 'no') : response(200, name);
      case '/close-first':
        if (name !== 'first') return response(200, name);
        socket.destroy();
        return undefined;
      case '/determined/late':
        void waiting.then(() => socket.write(response(200, 'late')));
        return undefined;
      case '/hang':
        return undefined;
      case '/garbage':
        return 'SSH-2.0-OpenSSH\r\n\r\n';
      case '/both-lengths':
        return 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
      case '/short':
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this', 'latin1');
        return undefined;
      case '/cut-chunks':
        socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 'latin1');
        return undefined;
      case '/until-close':
        socket.end('HTTP/1.0 200 OK\r\n\r\nuntil the end', 'latin1');
        return undefined;
      case '/chunks':
        return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX-T: end\r\n\r\n';
      case '/early-hints':
        return `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nServer: inner\r\n\r\n${response(200, 'page')}`;
      case '/flood':
        return `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)}${response(200, 'page')}`;
      case '/redirect':
        return response(302, '', [`Location: http://127.0.0.1:${first.port}/base/there`]);
      case '/cookie':
        return response(200, '', [
          'Set-Cookie: sid=1; Domain=backend.local; Path=/app/x',
          'X-Powered-By: test',
          'Server: inner',
        ]);
      case '/accel':
        return response(200, 'not this', [
          'X-Accel-Redirect: /hidden/file?x=1',
          'Content-Type: text/special',
          'Set-Cookie: a=b',
        ]);
      case '/missing':
        return response(404, 'own page');
      case '/upgrade':
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello',
        );
        socket.removeAllListeners('data');
        socket.on('data', bytes => socket.write(`<${bytes.toString('latin1')}>`));
        return undefined;
      default:
        return response(200, `${name} ${received.method} ${received.target}`);
    }
  };
}

before(async () => {
  first = await startUpstream(answer('first'));
  second = await startUpstream(answer('second'));
  moat = await startMoat(
    httpConf(`
      upstream pair { server 127.0.0.1:${first.port} max_fails=0; server 127.0.0.1:${second.port} max_fails=0; }
      upstream half { server 127.0.0.1:${dead} max_fails=0; server 127.0.0.1:${second.port}; }
      upstream none { server 127.0.0.1:${first.port} down; }
      log_format status "$request_uri $status";
      log_format tunnel "$bytes_sent $body_bytes_sent";
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass http://127.0.0.1:${first.port}; }
        location /api/ { proxy_pass http://127.0.0.1:${first.port}/v1/; }
        location = /exact { proxy_pass http://127.0.0.1:${first.port}/other; }
        location /set { proxy_pass http://127.0.0.1:${first.port}/echo;
          proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Drop "";
          proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }
        location /plain10 { proxy_pass http://127.0.0.1:${first.port}/echo; proxy_http_version 1.0; }
        location /method { proxy_pass http://127.0.0.1:${first.port}/echo; proxy_method POST; proxy_set_body "set $arg_x"; }
        location /nobody { proxy_pass http://127.0.0.1:${first.port}/echo; proxy_pass_request_body off; proxy_pass_request_headers off; }
        location /dynamic/ { proxy_pass http://127.0.0.1:$arg_port/echo?from=$uri; }
        location /half { proxy_pass http://half/; }
        location /retry { proxy_pass http://pair/fail-first; proxy_next_upstream error timeout http_503; }
        location /retry-close { proxy_pass http://pair/close-first; }
        location /noretry { proxy_pass http://pair/fail-first; proxy_next_upstream off; }
        location /refused { proxy_pass http://127.0.0.1:${dead}; }
        location /slow { proxy_pass http://127.0.0.1:${first.port}/hang; proxy_read_timeout 200ms; }
        location /stream { proxy_pass http://127.0.0.1:${first.port}/echo; proxy_request_buffering off; }
        location /trailers { proxy_pass http://127.0.0.1:${first.port}/chunks; proxy_pass_trailers on; }
        location /redirected/ { proxy_pass http://127.0.0.1:${first.port}/base/; }
        location /redirect-default/ { proxy_pass http://127.0.0.1:${first.port}/; proxy_redirect http://127.0.0.1:${first.port}/base/ /moved/; }
        location /redirect-off { proxy_pass http://127.0.0.1:${first.port}/redirect; proxy_redirect off; }
        location /cookies { proxy_pass http://127.0.0.1:${first.port}/cookie; proxy_cookie_domain backend.local example.org;
          proxy_cookie_path /app/ /; proxy_cookie_flags sid secure httponly samesite=lax; proxy_hide_header X-Powered-By; proxy_pass_header Server; }
        location /accelerated { proxy_pass http://127.0.0.1:${first.port}/accel; }
        location /hidden/ { internal; return 200 "hidden $uri $args"; }
        location /intercepted { proxy_pass http://127.0.0.1:${first.port}/missing; proxy_intercept_errors on; error_page 404 /own404; }
        location /own404 { internal; return 200 "moat's page"; }
        location /determined/ { proxy_pass http://127.0.0.1:${first.port}; proxy_ignore_client_abort on; access_log tunnel.log status; }
        location /stream10 { proxy_pass http://127.0.0.1:${first.port}/echo; proxy_request_buffering off; proxy_http_version 1.0; }
        location /hinted { early_hints $arg_off $http_accept; proxy_pass http://127.0.0.1:${first.port}/early-hints; }
        location /chain { proxy_pass http://pair/missing; proxy_next_upstream http_404; proxy_intercept_errors on; error_page 404 = /chained; }
        location /chained { proxy_pass http://127.0.0.1:${first.port}/; add_header X-Tries "$upstream_addr $upstream_status" always; }
        location /told { return 200 "$upstream_addr $upstream_status"; }
        location /nomember { proxy_pass http://none/; error_page 502 = /told; }
        location /anonymous { proxy_pass http://127.0.0.1:${first.port}; proxy_pass_header Server; }
        location /ws { access_log tunnel.log tunnel; proxy_pass http://127.0.0.1:${first.port}/upgrade; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
      }`),
  );
});

after(async () => {
  await moat.stop();
  await first.stop();
  await second.stop();
});

const body = async (path: string, ask = {}) => (await request(port, { path, ...ask })).body;

test('proxy_pass: without URI the target goes on as sent, escapes and all', async () => {
  assert.equal(await body('/a%2fb//c/../d?x=%20'), 'first GET /a%2fb//c/../d?x=%20');
});

test('proxy_pass: a URI replaces the matched prefix, and the rest is escaped again', async () => {
  assert.equal(await body('/api/a%20b?x=1'), 'first GET /v1/a%20b?x=1');
  assert.equal(await body('/exact?q'), 'first GET /other?q');
});

test('proxy_pass: variables in the URL are evaluated for each request', async () => {
  assert.match(await body(`/dynamic/x?port=${second.port}`), /^GET \/echo\?from=\/dynamic\/x HTTP\/1\.1/);
});

test('request: HTTP/1.1, Host of the target, no fields of the client connection', async () => {
  const raw = await body('/echo', {
    headers: { 'X-A': '1', 'Keep-Alive': 'x', TE: 'trailers', Upgrade: 'h2c', 'Proxy-Connection': 'x' },
  });
  assert.equal(raw, `GET /echo HTTP/1.1\r\nHost: 127.0.0.1:${first.port}\r\nX-A: 1\r\n\r\n`);
});

test('proxy_set_header: sets, and drops where the value is empty', async () => {
  const raw = await body('/set', {
    headers: { Host: 'Site:1', 'X-Drop': '1', 'X-Forwarded-For': '1.2.3.4' },
  });
  assert.match(raw, /\r\nHost: site\r\n/);
  assert.match(raw, /\r\nX-Real-IP: 127\.0\.0\.1\r\n/);
  assert.match(raw, /\r\nX-Forwarded-For: 1\.2\.3\.4, 127\.0\.0\.1\r\n/);
  assert.doesNotMatch(raw, /X-Drop/);
});

test('proxy_http_version 1.0: the request says so, and the answer is whole', async () => {
  assert.match(await body('/plain10'), /^GET \/echo HTTP\/1\.0\r\n/);
});

test('proxy_method and proxy_set_body: take the place of what the client sent', async () => {
  const raw = await body('/method?x=7', { body: 'mine' });
  assert.match(raw, /^POST \/echo\?x=7 HTTP\/1\.1/);
  assert.match(raw, /Content-Length: 5\r\n\r\nset 7$/);
});

test('proxy_pass_request_body off, proxy_pass_request_headers off: neither goes on', async () => {
  const raw = await body('/nobody', { method: 'POST', headers: { 'X-A': '1' }, body: 'abc' });
  assert.doesNotMatch(raw, /X-A|abc/);
});

test('request body: by length and in chunks, buffered to a known length', async () => {
  assert.equal(await body('/body', { method: 'POST', body: 'x'.repeat(100_000) }), 'x'.repeat(100_000));
  using wire = await Wire.dial(port);
  wire.send(
    'POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n',
  );
  const raw = (await wire.reply()).body;
  assert.match(raw, /\r\nContent-Length: 7\r\n/);
  assert.ok(raw.endsWith('\r\n\r\nabcdefg'));
});

test('proxy_request_buffering off: chunks go on as chunks', async () => {
  using wire = await Wire.dial(port);
  wire.send('POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
  await until(() => first.connections.open > 0, 'the server to be connected');
  const raw = (await wire.send('4\r\ndefg\r\n0\r\n\r\n').reply()).body;
  assert.match(raw, /\r\nTransfer-Encoding: chunked\r\n/);
});

test('Expect: 100-continue is answered when the body is wanted', async () => {
  using wire = await Wire.dial(port);
  wire.send('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n');
  assert.match((await wire.message('request')).start, /^HTTP\/1\.1 100 /);
  assert.equal((await wire.send('abc').reply()).body, 'abc');
});

test('pipelining: answers come in order', async () => {
  using wire = await Wire.dial(port);
  wire.send(
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  assert.equal((await wire.reply()).body, 'first GET /1');
  assert.equal((await wire.reply()).body, 'hi');
  assert.equal((await wire.reply()).body, 'first GET /3');
});

test('a head byte by byte: answered all the same', async () => {
  using wire = await Wire.dial(port);
  for (const byte of 'GET /bytewise HTTP/1.1\r\nHost: a\r\n\r\n') {
    wire.send(byte);
    await sleep(1);
  }
  assert.equal((await wire.reply()).body, 'first GET /bytewise');
});

test('HEAD: the length of the body and no body', async () => {
  using wire = await Wire.dial(port);
  const reply = await wire.send('HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n').reply('HEAD');
  assert.equal(header(reply, 'content-length'), String('first HEAD /x'.length));
  assert.equal((await wire.send('GET /y HTTP/1.1\r\nHost: a\r\n\r\n').reply()).body, 'first GET /y');
});

test('answer in chunks, and up to the end of the connection: whole at the client', async () => {
  assert.equal(await body('/chunks'), 'hello world');
  assert.equal(await body('/until-close'), 'until the end');
});

test('answer to HTTP/1.0: without chunks, closed at its end', async () => {
  using wire = await Wire.dial(port);
  const all = await wire.send('GET /chunks HTTP/1.0\r\nHost: a\r\n\r\n').rest();
  assert.match(all, /Connection: close\r\n/);
  assert.doesNotMatch(all, /Transfer-Encoding/);
  assert.ok(all.endsWith('\r\n\r\nhello world'));
});

test('proxy_pass_trailers: the trailer section goes on', async () => {
  const reply = await request(port, { path: '/trailers' });
  assert.deepEqual(reply.trailers, [['X-T', 'end']]);
  assert.equal(header(reply, 'trailer'), 'X-T');
  assert.equal(header(await request(port, { path: '/chunks' }), 'trailer'), undefined);
});

test('early_hints: 103 goes on where the directive says so, without what clients do not see', async () => {
  const hinted = await request(port, { path: '/hinted', headers: { Accept: 'yes' } });
  assert.equal(hinted.body, 'page');
  assert.deepEqual(
    hinted.interim.map(({ start }) => start),
    ['HTTP/1.1 103 Early Hints'],
  );
  assert.deepEqual(hinted.interim[0]!.headers, [['Link', '</a.css>; rel=preload']]);
  for (const [path, headers] of [
    ['/early-hints', { Accept: 'yes' }],
    ['/hinted', { Accept: '0' }],
  ] as const)
    assert.deepEqual((await request(port, { path, headers })).interim, [], path);
});

test('interim responses: a server that floods with them has failed', async () => {
  assert.equal((await request(port, { path: '/flood' })).status, 502);
  assert.match(moat.read(), /upstream sent too many interim responses/);
});

test('$upstream_addr: a colon where the request went on to another pool, the pool where nobody was there', async () => {
  const tries = header(await request(port, { path: '/chain' }), 'x-tries')!;
  assert.match(tries, /^127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+ : 127\.0\.0\.1:\d+ 404, 404 : 200$/);
  assert.equal(await body('/nomember'), 'none 502');
});

test('Server: with proxy_pass_header it is that of the server, or none', async () => {
  assert.equal(header(await request(port, { path: '/anonymous' }), 'server'), undefined);
  assert.match(header(await request(port, { path: '/' }), 'server')!, /^moat/);
});

test('kept connections: hundred requests over one connection to the server', async () => {
  const before = first.connections.accepted;
  for (let i = 0; i < 100; i++) assert.equal((await request(port, { path: '/x' })).status, 200);
  assert.ok(first.connections.accepted - before <= 1, `${first.connections.accepted - before} connections`);
});

test('proxy_next_upstream: a dead server, a closed connection, a 503 lead to the next one', async () => {
  for (let i = 0; i < 4; i++) {
    assert.equal(await body('/half'), 'second GET /');
    assert.equal(await body('/retry'), 'second');
    assert.equal(await body('/retry-close'), 'second');
  }
});

test('proxy_next_upstream: not for POST, which the server may have begun to act on', async () => {
  const statuses = new Set<number>();
  for (let i = 0; i < 4; i++)
    statuses.add((await request(port, { path: '/retry-close', method: 'POST', body: 'x' })).status);
  assert.deepEqual([...statuses].sort(), [200, 502]);
});

test('proxy_next_upstream off: the answer of the first server stands', async () => {
  const statuses = new Set<number>();
  for (let i = 0; i < 4; i++) statuses.add((await request(port, { path: '/noretry' })).status);
  assert.deepEqual([...statuses].sort(), [200, 503]);
});

test('faults of servers: 502 and 504, and the error log tells why', async () => {
  assert.equal((await request(port, { path: '/refused' })).status, 502);
  assert.match(moat.read(), /connect\(\) failed \(111: Connection refused\) while connecting to upstream/);
  assert.equal((await request(port, { path: '/garbage' })).status, 502);
  assert.match(moat.read(), /upstream sent no valid HTTP\/1\.0 header/);
  assert.equal((await request(port, { path: '/both-lengths' })).status, 502);
  assert.equal((await request(port, { path: '/slow' })).status, 504);
  assert.match(moat.read(), /upstream timed out/);
});

test('half an answer never passes as a whole one', async () => {
  await assert.rejects(request(port, { path: '/short' }));
  using wire = await Wire.dial(port);
  const all = await wire.send('GET /cut-chunks HTTP/1.1\r\nHost: a\r\n\r\n').rest();
  assert.ok(!all.endsWith('0\r\n\r\n'), 'the last chunk must be missing');
});

test('proxy_redirect: Location leads through moat again', async () => {
  const location = async (path: string) => header(await request(port, { path }), 'location');
  assert.equal(await location('/redirect-default/redirect'), `http://localhost:${port}/moved/there`);
  assert.equal(await location('/redirect-off'), `http://127.0.0.1:${first.port}/base/there`);
});

test('proxy_cookie_*, proxy_hide_header, proxy_pass_header', async () => {
  const reply = await request(port, { path: '/cookies' });
  assert.equal(
    header(reply, 'set-cookie'),
    'sid=1; Domain=example.org; Path=/x; Secure; HttpOnly; SameSite=Lax',
  );
  assert.equal(header(reply, 'x-powered-by'), undefined);
  assert.equal(header(reply, 'server'), 'inner');
});

test('X-Accel-Redirect: another location answers, with the fields that the server set', async () => {
  const reply = await request(port, { path: '/accelerated' });
  assert.equal(reply.body, 'hidden /hidden/file x=1');
  assert.equal(header(reply, 'content-type'), 'text/special');
  assert.equal(header(reply, 'set-cookie'), 'a=b');
  assert.equal((await request(port, { path: '/hidden/file' })).status, 404);
});

test('proxy_intercept_errors: the error page answers, with the status of the server', async () => {
  const reply = await request(port, { path: '/intercepted' });
  assert.equal(reply.status, 404);
  assert.equal(reply.body, "moat's page");
  assert.equal(await body('/missing'), 'own page');
});

test('Upgrade: after 101 bytes go both ways until one side ends', async () => {
  using wire = await Wire.dial(port);
  wire.send('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  assert.equal((await wire.message('response-to-head')).start, 'HTTP/1.1 101 Switching Protocols');
  assert.equal(await wire.bytes(5), 'hello');
  assert.equal(await wire.send('ping').bytes(6), '<ping>');
  wire.socket.end();
  const sent = 'HTTP/1.1 101 Switching Protocols\r\nServer: moat/0.1.0\r\n'.length;
  await until(() => moat.read('tunnel.log') !== '', 'the line in the log');
  const [all, relayed] = moat.read('tunnel.log').split(' ').map(Number);
  assert.equal(relayed, 'hello<ping>'.length);
  assert.ok(all! > relayed! + sent, `${all} bytes with the head`);
});

test('a client that goes away ends the request at the server', async () => {
  const open = first.connections.open;
  {
    using wire = await Wire.dial(port);
    wire.send('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => first.requests.at(-1)?.target === '/hang', 'the request to arrive');
  }
  await until(() => first.connections.open <= open, 'the connection to be closed');
});

test('proxy_ignore_client_abort: the server is heard to the end of its work, however the client went', async () => {
  const { open } = first.connections;
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    const before = first.requests.length;
    using wire = await Wire.dial(port);
    wire.send('GET /determined/late HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => first.requests.length > before, 'the request to arrive');
    wire.socket[leave]();
    await sleep(50);
    assert.ok(first.connections.open > open, leave);
  }
  letGo();
  const logged = () =>
    moat
      .read('tunnel.log')
      .split('\n')
      .filter(line => line.startsWith('/determined'));
  await until(() => logged().length === 2, 'both to be over');
});

test('proxy_request_buffering off: a chunked body is kept whole for a server that is spoken to in HTTP/1.0', async () => {
  const headers = { 'Transfer-Encoding': 'chunked' };
  const { body } = await request(port, {
    path: '/stream10',
    method: 'POST',
    headers,
    body: '3\r\nabc\r\n0\r\n\r\n',
  });
  assert.match(body, /^POST \/echo HTTP\/1\.0\r\n/);
  assert.match(body, /\r\nContent-Length: 3\r\n/);
  assert.doesNotMatch(body, /Transfer-Encoding/);
  assert.ok(body.endsWith('\r\n\r\nabc'));
});
