/** limit_req and limit_conn through a running moat with two workers: exact across both. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../e2e/upstream.ts';
import { request, Wire } from '../e2e/wire.ts';

const [port = 0] = await freePorts(1);
let moat: Running;
let upstream: Upstream;

before(async () => {
  upstream = await startUpstream(({ target }) =>
    target.startsWith('/hang') ? undefined : response(200, 'ok'),
  );
  moat = await startMoat(
    httpConf(
      `
      limit_req_zone $arg_key zone=slow:64k rate=1r/m;
      limit_req_zone $arg_key zone=ten:64k rate=10r/s;
      limit_req_zone $arg_other zone=other:64k rate=1r/m;
      limit_conn_zone $arg_key zone=open:64k;
      server {
        listen 127.0.0.1:${port};
        add_header X-Req $limit_req_status always; add_header X-Conn $limit_conn_status always;
        location /burst { limit_req zone=slow burst=4 nodelay; limit_req_status 429; return 204; }
        location /served { limit_req zone=slow burst=4 nodelay; limit_req_status 429; proxy_pass http://127.0.0.1:${upstream.port}; }
        location /delayed { limit_req zone=ten burst=3; proxy_pass http://127.0.0.1:${upstream.port}; }
        location /two { limit_req zone=slow burst=9 nodelay; limit_req zone=other; proxy_pass http://127.0.0.1:${upstream.port}; }
        location /dry { limit_req zone=slow; limit_req_dry_run on; proxy_pass http://127.0.0.1:${upstream.port}; }
        location /waits { limit_req zone=slow burst=9; access_log waits.log combined; }
        location /conn { limit_conn open 2; proxy_pass http://127.0.0.1:${upstream.port}/hang; }
        location /conn-dry { limit_conn open 2; limit_conn_dry_run on; proxy_pass http://127.0.0.1:${upstream.port}/; }
      }`,
      'worker_processes 2; error_log error.log notice;',
    ),
  );
});

after(async () => {
  await moat.stop();
  await upstream.stop();
});

const statuses = (path: string, count: number) =>
  Promise.all(Array.from({ length: count }, async () => (await request(port, { path })).status));
const field = async (path: string, name: string) =>
  (await request(port, { path })).headers.find(([key]) => key === name)?.[1];

test('limit_req: forty requests at once over two workers: burst and one pass, the rest is refused', async () => {
  const got = await statuses('/served?key=a', 40);
  assert.equal(got.filter(status => status === 200).length, 5);
  assert.equal(got.filter(status => status === 429).length, 35);
  assert.match(moat.read(), /limiting requests, excess: \d\.\d{3} by zone "slow"/);
});

test('limit_req: an empty key is not limited', async () => {
  assert.deepEqual(new Set(await statuses('/served?x=1', 20)), new Set([200]));
});

test('limit_req: return answers before the limits, as in nginx', async () => {
  assert.deepEqual(new Set(await statuses('/burst?key=r', 20)), new Set([204]));
});

test('limit_req: requests within burst wait their turn', async () => {
  const began = performance.now();
  assert.deepEqual(await statuses('/delayed?key=d', 4), [200, 200, 200, 200]);
  assert.ok(performance.now() - began >= 250, 'three of them must have waited up to 300 ms');
});

test('limit_req: a client that ends its input while it is made to wait is given up', async () => {
  const waits = () => moat.read('waits.log').match(/ (\d{3}) \d+ "-" "-"$/gm) ?? [];
  await request(port, { path: '/waits?key=w' });
  const socket = connect(port, '127.0.0.1');
  socket.end('GET /waits?key=w HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket.resume(), 'close');
  await until(() => waits().length === 2, 'the line of the second request');
  assert.match(waits()[0]!, /^ 404 /);
  assert.equal(waits()[1], ' 499 0 "-" "-"');
  assert.match(moat.read(), /\[warn\] .* delaying request, excess: \d\.\d{3}, by zone "slow"/);
});

test('limit_req: a request that one of two limits refuses is counted in neither', async () => {
  assert.deepEqual(await statuses('/two?key=t&other=t', 1), [200]);
  for (let i = 0; i < 5; i++) assert.deepEqual(await statuses('/two?key=t&other=t', 1), [503]);
  assert.deepEqual(await statuses('/two?key=t&other=u', 1), [200]);
});

test('limit_req_dry_run: all pass, and the variable tells what would have been', async () => {
  assert.equal(await field('/dry?key=y', 'X-Req'), 'PASSED');
  assert.equal(await field('/dry?key=y', 'X-Req'), 'REJECTED_DRY_RUN');
});

test('limit_conn: two under way, the third is refused, and one that ends makes room', async () => {
  using first = await Wire.dial(port);
  const hang = 'GET /conn?key=c HTTP/1.1\r\nHost: a\r\n\r\n';
  const before = upstream.requests.length;
  first.send(hang);
  {
    using second = await Wire.dial(port);
    second.send(hang);
    await until(() => upstream.requests.length === before + 2, 'two requests under way');
    assert.equal((await request(port, { path: '/conn?key=c' })).status, 503);
    assert.equal(await field('/conn-dry?key=c', 'X-Conn'), 'REJECTED_DRY_RUN');
  }
  using third = await Wire.dial(port);
  await until(async () => (await field('/conn-dry?key=c', 'X-Conn')) === 'PASSED', 'room for one');
  third.send(hang);
  await until(
    () => upstream.requests.filter(({ target }) => target.startsWith('/hang')).length === 3,
    'the third',
  );
});

test('limits: their counts stay over a reload', async () => {
  assert.equal((await statuses('/served?key=z', 5)).filter(status => status === 200).length, 5);
  moat.signal('SIGHUP');
  await until(() => /configuration 2 is in force/.test(moat.read()), 'the reload');
  assert.deepEqual(await statuses('/served?key=z', 3), [429, 429, 429]);
});
