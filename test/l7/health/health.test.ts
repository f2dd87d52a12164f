/** Health checks through a running moat: HTTP, TCP and gRPC servers that fall ill and get well. */
import assert from 'node:assert/strict';
import {
  createServer as createHttp2,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';
import { Servers } from '../upstream/servers.ts';

const [port = 0] = await freePorts(1);

const conf = (pool: string, check: string, http = '', also = '') =>
  httpConf(
    `${http} upstream app { ${pool} } server { listen 127.0.0.1:${port}; location / { proxy_pass http://app; ${check} ${also} } }`,
    'error_log error.log notice; worker_processes 2;',
  );

async function bodies(count: number): Promise<string> {
  let text = '';
  for (let n = 0; n < count; n++) text += (await request(port)).body;
  return [...new Set(text)].sort().join('');
}
const served = (letters: string) => until(async () => (await bodies(6)) === letters, `${letters} to serve`);
const logged = (moat: Running, pattern: RegExp) =>
  until(() => pattern.test(moat.read()), `${pattern} in the log`);
const members = (servers: Servers, letters: string, marks = '') =>
  [...letters].map(letter => `server ${servers.at(letter)} ${marks};`).join(' ');

test('health_check: a member that falls ill gets no requests until it is well, in all workers', async () => {
  await using servers = await Servers.start(2);
  await using moat = await startMoat(conf(members(servers, 'ab'), 'health_check interval=50ms uri=/health;'));
  const ill = { now: false };
  servers.behave('a', ({ target }) => response(target === '/health' && ill.now ? 503 : 200, 'a'));
  await served('ab');
  ill.now = true;
  await served('b');
  await logged(moat, /\[warn\] .*health check: 127\.0\.0\.1:\d+ of upstream "app" is unhealthy: status 503/);
  ill.now = false;
  await served('ab');
  await logged(moat, /\[notice\] .*of upstream "app" is healthy/);
  await servers.get('a').stop(); // refused from now on; a check that was under way has its connection cut
  await served('b');
  await logged(moat, /is unhealthy: (?!status 503)/);
});

test('health_check: the question has the headers of the location, and one connection serves many of them', async () => {
  await using servers = await Servers.start(1);
  const headers =
    'proxy_set_header Host $proxy_host:81; proxy_set_header X-From "moat $remote_addr"; proxy_set_header X-None $remote_addr;';
  await using _moat = await startMoat(
    conf(members(servers, 'a'), 'health_check interval=30ms uri=/up?x=1 keepalive_time=1h;', '', headers),
  );
  await until(() => servers.get('a').requests.length >= 4, 'some checks');
  const [asked] = servers.get('a').requests;
  assert.equal(asked!.start, 'GET /up?x=1 HTTP/1.1');
  assert.deepEqual(
    [header(asked!, 'host'), header(asked!, 'x-from'), header(asked!, 'x-none')],
    ['app:81', 'moat', undefined],
  );
  assert.equal(servers.get('a').connections.accepted, 1);
});

test('health_check: match decides, mandatory members wait for it', async () => {
  await using servers = await Servers.start(2);
  const match = 'match up { status 200; header Content-Type = text/plain; body ~ "^ready"; }';
  const text = (state: string) => response(200, state, ['Content-Type: text/plain']);
  for (const letter of 'ab')
    servers.behave(letter, ({ target }) =>
      target === '/state' ? text('warming up') : response(200, letter),
    );
  await using moat = await startMoat(
    conf(members(servers, 'ab'), 'health_check mandatory interval=50ms uri=/state match=up;', match),
  );
  assert.equal((await request(port)).status, 502);
  servers.behave('b', ({ target }) => (target === '/state' ? text('ready') : response(200, 'b')));
  await served('b');
  await logged(moat, /is unhealthy: body does not match \^ready/);
});

test('health_check: a reload keeps persistent members in use, others prove themselves again', async () => {
  await using servers = await Servers.start(1);
  const pool = members(servers, 'a');
  const reply = { health: true };
  servers.behave('a', ({ target }) => (target === '/h' && !reply.health ? undefined : response(200, 'a')));
  const check = (persistent: string) => `health_check mandatory ${persistent} interval=50ms uri=/h;`;
  await using moat = await startMoat(conf(pool, check('persistent')));
  await served('a');
  reply.health = false; // from now on checks get no answer
  moat.reload(conf(pool, check('persistent'), '', 'add_header X-New 1;'));
  await until(async () => header(await request(port), 'x-new') === '1', 'the reload');
  assert.equal((await request(port)).body, 'a');
  moat.reload(conf(pool, check('')));
  await until(async () => (await request(port)).status === 502, 'the second reload');
  moat.reload(conf(pool, ''));
  await served('a');
});

test('health_check: port= asks elsewhere', async () => {
  await using servers = await Servers.start(2);
  await using _moat = await startMoat(
    conf(members(servers, 'a'), `health_check mandatory interval=50ms port=${servers.get('b').port};`),
  );
  await served('a');
  assert.ok(servers.get('b').requests.length > 0);
  servers.behave('b', () => response(500));
  await until(async () => (await request(port)).status === 502, 'the check to fail');
});

test('health_check type=tcp: a server that accepts is well', async () => {
  await using servers = await Servers.start(1);
  let silent: Server | undefined;
  const listen = (at: number) =>
    new Promise<number>(done => {
      silent = createServer(socket => socket.on('error', () => {})).listen(at, '127.0.0.1', () =>
        done((silent!.address() as AddressInfo).port),
      );
    });
  const silentPort = await listen(0);
  const pool = `server 127.0.0.1:${silentPort}; ${members(servers, 'a')}`;
  await using moat = await startMoat(conf(pool, 'health_check type=tcp interval=50ms;'));
  await until(() => servers.get('a').connections.accepted > 3, 'some checks');
  assert.doesNotMatch(moat.read(), /unhealthy/);
  await new Promise(done => silent!.close(done));
  await logged(moat, /is unhealthy: connect ECONNREFUSED/);
  await served('a');
  await listen(silentPort);
  await logged(moat, /is healthy/);
  await new Promise(done => silent!.close(done));
});

/** A gRPC server with the health protocol, or without it. */
async function startGrpc(state: { status: number | undefined; service: string }): Promise<Http2Server> {
  const server = createHttp2();
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    let asked = '';
    stream.setEncoding('latin1').on('data', text => (asked += text));
    stream.on('end', () => {
      state.service = asked.slice(7);
      const known = headers[':path'] === '/grpc.health.v1.Health/Check' && state.status !== undefined;
      if (!known)
        return stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' },
          { endStream: true },
        );
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, state.status!]));
    });
  });
  server.unref();
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  return server;
}

test('health_check type=grpc: the health protocol is asked, for a service', async () => {
  const state = { status: 1 as number | undefined, service: '' };
  const server = await startGrpc(state);
  const pool = `server 127.0.0.1:${(server.address() as AddressInfo).port};`;
  const text = (also: string) =>
    conf(pool, `health_check mandatory interval=50ms type=grpc grpc_service=shop.v1 ${also};`);
  await using moat = await startMoat(text(''));
  await logged(moat, /is healthy/);
  assert.equal(state.service, 'shop.v1');
  state.status = 2;
  await logged(moat, /is unhealthy: the service is NOT_SERVING/);
  state.status = undefined;
  moat.reload(text('grpc_status=12'));
  await until(() => (moat.read().match(/is healthy/g) ?? []).length === 2, 'UNIMPLEMENTED to be enough');
  await new Promise(done => server.close(done));
});
