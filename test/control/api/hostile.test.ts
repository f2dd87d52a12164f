/** Whatever strangers send to the API: it is refused, nothing grows, and traffic does not feel it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../e2e/rig.ts';
import { request, Wire } from '../../e2e/wire.ts';
import { statusOf } from '../life.ts';
import { type Answer, apiProcess, CHANGE, type Said, startApi } from './api-rig.ts';

const BANS = '/api/v1/waf/bans';
const SITE =
  'limit_ban_zone $binary_remote_addr zone=guests:1m; server { listen 127.0.0.1:PORT; location / { return 200 hello; } }';

test('hostile: bodies that are too large, malformed, deep, of another type or another encoding', async () => {
  await using rig = await startApi(SITE);
  const token = rig.token('operator');
  const post = (said: Said) =>
    rig.call(BANS, { method: 'POST', token, ...said, headers: { ...CHANGE, ...said.headers } });
  const cases: readonly (readonly [Said, number, string])[] = [
    [{ body: { key: 'x'.repeat(70_000) } }, 413, 'too-large'],
    [{ body: '{"key":' }, 400, 'malformed'],
    [{ body: 'null' }, 422, 'invalid'],
    [{ body: '[]' }, 422, 'invalid'],
    [{ body: {} }, 422, 'invalid'],
    [{ body: { key: 5 } }, 422, 'invalid'],
    [{ body: { key: 'a\r\nb' } }, 422, 'invalid'],
    [{ body: { key: '192.0.2.1', lengthS: '60' } }, 422, 'invalid'],
    [{ body: { key: '192.0.2.1', lengthS: 1e300 } }, 422, 'invalid'],
    [{ body: '{"key":"192.0.2.1","__proto__":{"zone":"x"}}' }, 422, 'invalid'],
    [{ body: '['.repeat(10_000) }, 400, 'too-deep'],
    [{ body: '{"key":"192.0.2.1"}', headers: { 'content-type': 'text/plain' } }, 415, 'not-json'],
    [
      { body: '{"key":"192.0.2.1"}', headers: { 'content-type': 'application/json; charset=utf-16' } },
      415,
      'not-json',
    ],
    [{ body: '{"key":"192.0.2.1"}', headers: { 'content-encoding': 'gzip' } }, 415, 'encoded'],
    [{ body: { key: '192.0.2.1' }, headers: { 'idempotency-key': ' ' } }, 400, 'idempotency-key'],
    [{ body: { key: 'no address' } }, 409, 'refused'],
    [{ body: { key: '192.0.2.1', zone: 'none' } }, 409, 'refused'],
  ];
  for (const [said, status, code] of cases) {
    const { body, headers, status: got } = await post(said);
    const what = JSON.stringify(said).slice(0, 100);
    assert.deepEqual([got, body?.code], [status, code], what);
    assert.equal(headers['content-type'], 'application/problem+json', what);
    assert.equal(body.status, status);
  }
  assert.deepEqual((await rig.call(BANS, { token })).body.items, []);
});

test('hostile: targets, hosts, origins and fields that stand there twice', async () => {
  await using rig = await startApi(SITE, { api: 'host lb1.example.org;' });
  const token = rig.token('admin');
  const get = (path: string, headers: Said['headers'] = {}) => rig.call(path, { token, headers });
  const codeOf = ({ status, body }: Answer) => `${status} ${body?.code}`;
  assert.equal(codeOf(await get('/api/v1/../../etc/passwd')), '404 not-found');
  assert.equal(codeOf(await get('/api/v1/l7/pools/..%2f..%2fetc%2fpasswd')), '404 not-found');
  assert.equal(codeOf(await get('/api/v1/l7/pools/%00')), '400 target');
  assert.equal(codeOf(await get('/api/v1/l7/pools/%zz')), '400 target');
  assert.equal(codeOf(await get(`/api/v1/l7/pools/${'x'.repeat(5000)}`)), '414 too-long');
  assert.equal(codeOf(await get('/api/v1/l7/pools?limit=0')), '400 invalid');
  assert.equal(codeOf(await get('/api/v1/l7/pools?limit=1&limit=2')), '400 twice');
  assert.equal(codeOf(await get('/api/v1/l7/pools?cursor=%21')), '400 invalid');
  assert.equal(codeOf(await get('/api/v1/l7/pools?more=1')), '400 invalid');
  for (const host of ['evil.example', 'localhost.evil.example', 'a@127.0.0.1', '127.0.0.1:x'])
    assert.equal(codeOf(await get('/healthz', { host })), '421 wrong-host', host);
  for (const host of ['localhost:1', '[::1]', 'LB1.example.org:8470'])
    assert.equal((await get('/healthz', { host })).status, 200, host);
  assert.equal(codeOf(await get('/api/v1/status', { origin: 'http://evil.example' })), '403 cross-origin');
  assert.equal(codeOf(await get('/api/v1/status', { origin: 'null' })), '403 cross-origin');
  assert.equal(codeOf(await get('/api/v1/status', { 'sec-fetch-site': 'cross-site' })), '403 cross-origin');
  const own = `127.0.0.1:${rig.port}`;
  assert.equal((await get('/api/v1/status', { host: own, origin: `http://${own}` })).status, 200);
  assert.equal(
    (await rig.call('/api/v1/status', { token, method: 'OPTIONS' })).headers['access-control-allow-origin'],
    undefined,
  );
  const refused = await rig.call('/api/v1/status', { token, method: 'DELETE' });
  assert.deepEqual([refused.status, refused.headers['allow']], [405, 'GET']);

  for (const [bytes, status] of [
    [`GET /healthz HTTP/1.1\r\nHost: ${own}\r\nHost: ${own}\r\n\r\n`, 400],
    [
      `GET /api/v1/status HTTP/1.1\r\nHost: ${own}\r\nAuthorization: Bearer ${token}\r\nAuthorization: Bearer x\r\n\r\n`,
      400,
    ],
    ['GET /healthz HTTP/1.1\r\n\r\n', 400],
    [`GET /healthz HTTP/1.1\r\nHost: ${own}\r\nA: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
    [
      `POST ${BANS} HTTP/1.1\r\nHost: ${own}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
      400,
    ],
    ['\0'.repeat(1000), 400],
    ['\x16\x03\x01\x02\x00', 400],
  ] as const) {
    using wire = await Wire.dial(rig.port);
    assert.equal((await wire.send(bytes).reply()).status, status, JSON.stringify(bytes.slice(0, 60)));
  }
});

test('hostile: a client that waits for 100 before a body that is too large is not told to go on', async () => {
  await using rig = await startApi(SITE);
  const token = rig.token('operator');
  const head = (bytes: number) =>
    `POST ${BANS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nIf-Match: *\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${bytes}\r\n\r\n`;
  using large = await Wire.dial(rig.port);
  const refused = await large.send(head(1e9)).reply();
  assert.deepEqual([refused.status, refused.interim.length], [413, 0]);
  using fitting = await Wire.dial(rig.port);
  const text = '{"key":"192.0.2.1"}';
  fitting.send(head(text.length));
  assert.match(await fitting.bytes(), /^HTTP\/1\.1 100 /);
  assert.equal((await fitting.send(text).reply()).status, 201);
});

test('hostile: bad tokens are throttled and do not lock good ones out; neither log nor answer has a token', async () => {
  await using rig = await startApi(SITE);
  const token = rig.token('viewer');
  const secret = token.split('_')[2]!;
  const guesses = [
    `moat_${'0'.repeat(12)}_${secret}`,
    token.slice(0, -1),
    `${token}x`,
    'x'.repeat(10_000),
    `${token.slice(0, 17)}_${'A'.repeat(43)}`,
  ];
  const statuses: number[] = [];
  for (let at = 0; at < 30; at++) {
    const { status, headers, text } = await rig.call('/api/v1/status', {
      token: guesses[at % guesses.length],
    });
    statuses.push(status);
    assert.ok(!text.includes(secret));
    if (status === 429) assert.match(String(headers['retry-after']), /^\d+$/);
    else assert.match(String(headers['www-authenticate']), /^Bearer/);
  }
  assert.deepEqual([...new Set(statuses)].sort(), [401, 429]);
  assert.equal(statuses.filter(status => status === 401).length, 10);
  assert.equal((await rig.call('/api/v1/status', { token })).status, 200);
  assert.equal(rig.moat.read().match(/a token from 127\.0\.0\.1 is not known/g)?.length, 3);
  assert.ok(!rig.moat.read().includes(secret));
  assert.ok(!readFileSync(`${rig.state}/tokens.json`, 'utf8').includes(secret));
});

test('hostile: thousands of requests at once, with tokens and without: traffic goes on, and so does the API', async () => {
  await using rig = await startApi(SITE);
  const token = rig.token('viewer');
  const pid = apiProcess(rig);
  let served = 0;
  let over = false;
  const traffic = (async () => {
    for (; !over; served++) assert.equal((await request(rig.sitePort)).body, 'hello');
  })();
  const counts = new Map<number, number>();
  const paths = [
    '/api/v1/status',
    '/readyz',
    '/api/v1/l7/pools',
    '/api/v1/config',
    '/nothing',
    '/api/v1/waf/events',
  ];
  for (let wave = 0; wave < 20; wave++)
    await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const said = at % 3 === 0 ? {} : { token };
        const status = await rig.call(paths[at % paths.length]!, said).then(
          answer => answer.status,
          () => 0, // more connections than one address may have are closed
        );
        counts.set(status, (counts.get(status) ?? 0) + 1);
      }),
    );
  over = true;
  await traffic;
  assert.ok(served > 0);
  assert.ok((counts.get(200) ?? 0) > 100, JSON.stringify([...counts]));
  assert.equal(counts.get(500), undefined, rig.moat.read());
  assert.equal(apiProcess(rig), pid, 'it has died');
  assert.equal((await rig.call('/api/v1/status', { token })).status, 200);
  assert.ok(Number.parseInt(statusOf(pid, 'VmRSS'), 10) < 400_000, statusOf(pid, 'VmRSS'));
});

test('hostile: clients that say nothing, or a byte at a time, are not served for ever, and keep nobody else out', async () => {
  await using rig = await startApi(SITE);
  const silent = await Promise.all(
    Array.from({ length: 100 }, () => Wire.dial({ port: rig.port, timeoutMs: 60_000 })),
  );
  for (const wire of silent) wire.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  let over = false;
  const dripping = (async () => {
    for (; !over; await sleep(500)) for (const wire of silent) if (wire.socket.writable) wire.send('a');
  })();
  assert.equal((await rig.call('/healthz')).status, 200);
  assert.equal((await request(rig.sitePort)).body, 'hello');
  const ends = await Promise.all(silent.map(wire => wire.rest()));
  over = true;
  await dripping;
  for (const end of ends) assert.match(end, /^HTTP\/1\.1 408 /);
  for (const wire of silent) wire[Symbol.dispose]();
});

test('hostile: the process dies: another one answers, and no request of a client of the site fails', async () => {
  await using rig = await startApi(SITE);
  const token = rig.token('viewer');
  const pid = apiProcess(rig);
  assert.equal(statusOf(pid, 'Uid').split('\t')[0], '65534', 'it is not nobody');
  assert.equal(statusOf(pid, 'CapEff'), '0'.repeat(16));
  process.kill(pid, 'SIGKILL');
  for (let at = 0; at < 20; at++) assert.equal((await request(rig.sitePort)).body, 'hello');
  const answers = () =>
    rig.call('/api/v1/status', { token }).then(
      ({ status }) => status === 200,
      () => false,
    );
  await until(answers, 'the API to be back');
  assert.notEqual(apiProcess(rig), pid);
});
