/** stub_status, metrics and $connections_* through a running moat: exact over two workers and a reload. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MALFORMED_REASONS } from '../../../l7/metrics/reasons.ts';
import { freePorts, httpConf, type Running, startMoat, startNginx, until } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { exchange, request, Wire } from '../../e2e/wire.ts';
import { type Family, numberOf, readExposition } from './exposition.ts';

const [port = 0] = await freePorts(1);
let moat: Running;
let upstream: Upstream;

const confText = (revision: number) =>
  httpConf(
    `
    limit_req_zone $arg_key zone=one:64k rate=${revision}r/m;
    limit_conn_zone $arg_key zone=open:64k;
    upstream app { server 127.0.0.1:${upstream.port}; server 127.0.0.1:1 down; server 127.0.0.1:1 down; }
    server {
      listen 127.0.0.1:${port} reuseport;
      location = /revision { return 200 ${revision}; }
      location = /stub { stub_status; }
      location = /metrics { metrics; }
      location = /counts { return 200 "$connections_active $connections_reading $connections_writing $connections_waiting"; }
      location /app { proxy_pass http://app; }
      location /limited { limit_req zone=one; limit_req_status 429; limit_conn open 5; proxy_pass http://app; }
    }`,
    'worker_processes 2;',
  );

before(async () => {
  upstream = await startUpstream(({ target }) =>
    target.startsWith('/app/hang') ? undefined : response(target === '/app/missing' ? 404 : 200, 'ok'),
  );
  moat = await startMoat(confText(1));
});

after(async () => {
  await moat.stop();
  await upstream.stop();
});

async function scrape(): Promise<Map<string, Family>> {
  const { status, body, headers } = await request(port, { path: '/metrics' });
  assert.equal(status, 200);
  assert.deepEqual(
    headers.find(([name]) => name.toLowerCase() === 'content-type'),
    ['Content-Type', 'text/plain; version=0.0.4; charset=utf-8'],
  );
  return readExposition(body);
}

const counted = async (series: string) => numberOf(await scrape(), series);

const ask = (path: string, count: number, method = 'GET') =>
  Promise.all(Array.from({ length: count }, () => request(port, { path, method })));

test('metrics: requests of both workers are counted exactly, by status and method, and stay over a reload', async () => {
  const ok = 'moat_http_requests_total{code="200",method="GET"}';
  const begun = await scrape();
  await ask('/app', 40);
  await ask('/app/missing', 7, 'POST');
  await ask('/app', 3, 'PROPFIND');
  const first = await scrape();
  assert.equal(numberOf(first, ok) - numberOf(begun, ok), 41); // one is the scrape before
  assert.equal(numberOf(first, 'moat_http_requests_total{code="404",method="POST"}'), 7);
  assert.equal(numberOf(first, 'moat_http_requests_total{code="200",method="other"}'), 3);
  assert.equal(numberOf(first, 'moat_config_revision'), 1);
  assert.equal(numberOf(first, 'moat_http_requests_in_flight'), 1);
  moat.reload(confText(2));
  await until(async () => (await request(port, { path: '/revision' })).body === '2');
  await ask('/app/missing', 20, 'POST');
  const second = await scrape();
  assert.equal(numberOf(second, 'moat_http_requests_total{code="404",method="POST"}'), 27);
  assert.equal(numberOf(second, 'moat_config_revision'), 2);
  const all = [...second.get('moat_http_requests_total')!.samples.values()].reduce((sum, n) => sum + n, 0);
  assert.equal(numberOf(second, 'moat_http_request_duration_seconds_count'), all);
});

test('metrics: a pool and its members; those that are listed twice are told apart', async () => {
  const before = await scrape();
  await ask('/app', 5);
  const now = await scrape();
  const member = `{pool="app",member="127.0.0.1:${upstream.port}"`;
  const grown = (series: string) => numberOf(now, series) - numberOf(before, series);
  assert.equal(grown(`moat_upstream_requests_total${member}}`), 5);
  assert.equal(grown(`moat_upstream_responses_total${member},code="2xx"}`), 5);
  assert.equal(numberOf(now, `moat_upstream_member_up${member}}`), 1);
  assert.equal(numberOf(now, 'moat_upstream_member_state{pool="app",member="127.0.0.1:1",state="down"}'), 1);
  assert.equal(
    numberOf(now, 'moat_upstream_member_state{pool="app",member="127.0.0.1:1#2",state="down"}'),
    1,
  );
  assert.equal(numberOf(now, 'moat_upstream_member_up{pool="app",member="127.0.0.1:1"}'), 0);
});

test('metrics: what a client waits for is in flight, and after it has gone is not', async () => {
  const wire = await Wire.dial(port);
  wire.send('GET /app/hang HTTP/1.1\r\nHost: a\r\n\r\n');
  const flight = `moat_upstream_requests_in_flight{pool="app",member="127.0.0.1:${upstream.port}"}`;
  await until(async () => (await counted(flight)) === 1);
  assert.equal(await counted('moat_http_requests_in_flight'), 2);
  wire[Symbol.dispose]();
  await until(async () => (await counted(flight)) === 0);
  assert.equal(await counted('moat_http_requests_total{code="499",method="GET"}'), 1);
  assert.equal(await counted('moat_http_requests_in_flight'), 1);
});

test('metrics: verdicts of limits by zone', async () => {
  await ask('/limited?key=a', 12);
  const now = await scrape();
  assert.equal(numberOf(now, 'moat_limit_req_requests_total{zone="one",verdict="passed"}'), 1);
  assert.equal(numberOf(now, 'moat_limit_req_requests_total{zone="one",verdict="rejected"}'), 11);
  assert.equal(numberOf(now, 'moat_limit_conn_requests_total{zone="open",verdict="rejected"}'), 0);
  assert.ok(numberOf(now, 'moat_limit_conn_requests_total{zone="open",verdict="passed"}') > 0);
});

test('metrics: broken requests by reason', async () => {
  await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
  await exchange(port, 'G?T / HTTP/1.1\r\nHost: a\r\n\r\n');
  const now = await scrape();
  assert.equal(numberOf(now, 'moat_http_requests_malformed_total{reason="duplicate host header"}'), 1);
  assert.equal(numberOf(now, 'moat_http_requests_malformed_total{reason="invalid method"}'), 1);
  assert.equal(numberOf(now, 'moat_http_requests_total{code="400",method="other"}'), 1);
});

test('metrics: every reason that the readers of HTTP give has its series', () => {
  const thrown = ['request.ts', 'body.ts'].flatMap(file => {
    const source = readFileSync(join(import.meta.dirname, '../../../l7/wire/h1', file), 'latin1');
    return [...source.matchAll(/new (?:WireFault\(\d+, |BodyFault\()'([^']+)'/g)].map(match => match[1]!);
  });
  assert.ok(thrown.length > 20);
  assert.deepEqual(
    thrown.filter(reason => !MALFORMED_REASONS.includes(reason)),
    [],
  );
});

test('metrics: the process and its event loops', async () => {
  const now = await scrape();
  const startedAtS = numberOf(now, 'moat_process_start_time_seconds');
  assert.ok(startedAtS <= Date.now() / 1000 + 1 && startedAtS > Date.now() / 1000 - 600, `${startedAtS}`);
  assert.ok(numberOf(now, 'moat_process_resident_memory_bytes') > 1e7);
  assert.ok(numberOf(now, 'moat_process_cpu_seconds_total') > 0);
  assert.ok(numberOf(now, 'moat_process_open_fds') > 5);
  await until(async () => (await counted('moat_event_loop_lag_seconds_count')) > 0);
  assert.equal(now.get('moat_build_info')?.samples.size, 1);
});

test('metrics and stub_status: GET and HEAD only', async () => {
  for (const path of ['/metrics', '/stub']) {
    assert.equal((await request(port, { path, method: 'POST' })).status, 405);
    const head = await request(port, { path, method: 'HEAD' });
    assert.deepEqual([head.status, head.body], [200, '']);
  }
});

const NUMBERS =
  /^Active connections: (\d+) \nserver accepts handled requests\n (\d+) (\d+) (\d+) \nReading: (\d+) Writing: (\d+) Waiting: (\d+) \n$/;

async function stubOf(peer: number): Promise<number[]> {
  const { body, headers } = await request(peer, { path: '/stub' });
  assert.equal(headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1], 'text/plain');
  return NUMBERS.exec(body)?.slice(1).map(Number) ?? assert.fail(body);
}

test('stub_status: the same lines and numbers as nginx, for the same connections', async () => {
  const [moatPort = 0, nginxPort = 0] = await freePorts(2);
  const conf = (listen: number) =>
    httpConf(
      `server { listen 127.0.0.1:${listen}; location = /stub { stub_status; } location = /x { return 200 x; } }`,
    );
  await using _twin = await startNginx(conf(nginxPort));
  await using _own = await startMoat(conf(moatPort));
  const told = await Promise.all([moatPort, nginxPort].map(idleReadingAndOwn));
  assert.deepEqual(told[0], told[1]);
  assert.deepEqual(told[0], [3, 3, 3, 2, 1, 1, 1]);
});

/** One connection is kept, one sends half a head, and one asks. */
async function idleReadingAndOwn(peer: number): Promise<number[]> {
  using kept = await Wire.dial(peer);
  await kept.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n').reply();
  using half = await Wire.dial(peer);
  half.send('GET /x HTTP/1.1\r\nHo');
  let numbers: number[] = [];
  using asking = await Wire.dial(peer);
  await until(async () => {
    const { body } = await asking.send('GET /stub HTTP/1.1\r\nHost: a\r\n\r\n').reply();
    numbers = NUMBERS.exec(body)?.slice(1).map(Number) ?? assert.fail(body);
    return numbers[4] === 1;
  }, 'half a head to be seen');
  numbers[3] = Math.min(numbers[3]!, 2); // however often it had to be asked
  return numbers;
}

test('connections: variables count those of all workers', async () => {
  await until(async () => (await request(port, { path: '/counts' })).body === '1 0 1 0');
  const wires = await Promise.all(Array.from({ length: 6 }, () => Wire.dial(port)));
  for (const wire of wires) await wire.send('GET /revision HTTP/1.1\r\nHost: a\r\n\r\n').reply();
  await until(async () => (await request(port, { path: '/counts' })).body === '7 0 1 6');
  for (const wire of wires) wire[Symbol.dispose]();
  await until(async () => (await stubOf(port))[0] === 1);
});
