/** Pools through a running moat: failures, backups, limits, queues, ejections, and what a reload keeps of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response } from '../../e2e/upstream.ts';
import { request, requestBytes, Wire } from '../../e2e/wire.ts';
import { hangUp, Servers } from './servers.ts';

const [port = 0] = await freePorts(1);

const conf = (pool: string, also = '', main = '') =>
  httpConf(
    `upstream app { ${pool} } server { listen 127.0.0.1:${port}; location / { proxy_pass http://app; ${also} } }`,
    `error_log error.log notice; ${main}`,
  );

async function bodies(count: number): Promise<string> {
  let text = '';
  for (let n = 0; n < count; n++) text += (await request(port)).body;
  return text;
}

/** The text of the error log, once it holds `pattern`. */
async function logged(moat: Running, pattern: RegExp): Promise<string> {
  await until(() => pattern.test(moat.read()), `${pattern} in the log`);
  return moat.read();
}

test('pool: two workers take turns through one list', async () => {
  await using servers = await Servers.start(3);
  const pool = `server ${servers.at('a')} weight=3; server ${servers.at('b')}; server ${servers.at('c')};`;
  await using _moat = await startMoat(conf(pool, '', 'worker_processes 2;'));
  assert.equal(
    [...(await bodies(50))].sort().join(''),
    `${'a'.repeat(30)}${'b'.repeat(10)}${'c'.repeat(10)}`,
  );
});

test('pool: a member that fails is left alone after max_fails, also by the other worker, and after a reload', async () => {
  await using servers = await Servers.start(2);
  const pool = `server ${servers.at('a')} max_fails=2 fail_timeout=1h; server ${servers.at('b')};`;
  const text = conf(pool, '', 'worker_processes 2;');
  await using moat = await startMoat(text);
  servers.behave('a', hangUp);
  assert.equal(await bodies(12), 'b'.repeat(12));
  assert.equal(servers.get('a').requests.length, 2);
  await logged(moat, /\[warn\] .*upstream server temporarily disabled.*upstream: "http:\/\/127/);
  moat.reload(text.replace('location / {', 'location / { add_header X-New 1;'));
  await until(async () => header(await request(port), 'x-new') === '1', 'the reload');
  assert.equal(await bodies(6), 'b'.repeat(6));
  assert.equal(servers.get('a').requests.length, 2, 'its failures outlive the reload');
});

test('pool: after fail_timeout a member is tried again, and comes back', async () => {
  await using servers = await Servers.start(2);
  await using _moat = await startMoat(
    conf(`server ${servers.at('a')} fail_timeout=1s; server ${servers.at('b')};`),
  );
  servers.behave('a', hangUp);
  assert.equal(await bodies(4), 'bbbb');
  servers.behave('a');
  await until(async () => (await bodies(1)) === 'a', 'a to come back');
  assert.match(await bodies(4), /^(ab)+$|^(ba)+$/);
});

test('pool: backups serve only while no primary can', async () => {
  await using servers = await Servers.start(3);
  const pool = `server ${servers.at('c')} backup; server ${servers.at('a')} fail_timeout=1s; server ${servers.at('b')} fail_timeout=1s;`;
  await using _moat = await startMoat(conf(pool));
  assert.doesNotMatch(await bodies(6), /c/);
  servers.behave('a', hangUp);
  assert.doesNotMatch(await bodies(6), /[ac]/);
  servers.behave('b', hangUp);
  assert.equal(await bodies(6), 'cccccc');
  servers.behave('b');
  await until(async () => (await bodies(1)) === 'b', 'b to come back');
  assert.doesNotMatch(await bodies(6), /c/);
});

test('pool: members marked down get nothing, and with none left the answer is 502', async () => {
  await using servers = await Servers.start(2);
  const pool = (marks: string) => `server ${servers.at('a')} down; server ${servers.at('b')} ${marks};`;
  await using moat = await startMoat(conf(pool('')));
  assert.equal(await bodies(4), 'bbbb');
  moat.reload(conf(pool('down')));
  await until(async () => (await request(port)).status === 502, 'the new configuration');
  await logged(moat, /no live upstreams while connecting to upstream/);
});

test('pool: max_conns holds for two workers together, whatever comes', async () => {
  await using servers = await Servers.start(2);
  const now = { a: 0, b: 0 };
  const most = { a: 0, b: 0 };
  for (const letter of ['a', 'b'] as const) {
    servers.behave(letter, async () => {
      most[letter] = Math.max(most[letter], ++now[letter]);
      await new Promise(done => setTimeout(done, 5));
      now[letter]--;
      return response(200, letter);
    });
  }
  const pool = `server ${servers.at('a')} max_conns=3; server ${servers.at('b')} max_conns=2; queue 1000 timeout=30s;`;
  await using _moat = await startMoat(conf(pool, '', 'worker_processes 2;'));
  const statuses = await Promise.all(Array.from({ length: 150 }, async () => (await request(port)).status));
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.deepEqual(most, { a: 3, b: 2 });
});

/** A server that answers when it is told to. */
function holding(servers: Servers, letter: string) {
  const held: (() => void)[] = [];
  servers.behave(letter, () => new Promise(done => held.push(() => done(response(200, letter)))));
  return held;
}

test('queue: requests beyond its length get 502 at once, the others are served in their order', async () => {
  await using servers = await Servers.start(1);
  await using _moat = await startMoat(conf(`server ${servers.at('a')} max_conns=1; queue 2 timeout=30s;`));
  const held = holding(servers, 'a');
  const replies = ['/1', '/2', '/3', '/4'].map(async (path, n) => {
    await new Promise(done => setTimeout(done, 30 * n)); // so that they come in this order
    return (await request(port, { path })).status;
  });
  assert.equal(await replies[3], 502);
  for (let n = 0; n < 3; n++) {
    await until(() => held.length > n, 'the next request');
    held[n]!();
  }
  assert.deepEqual(await Promise.all(replies.slice(0, 3)), [200, 200, 200]);
  assert.deepEqual(
    servers.get('a').requests.map(seen => seen.target),
    ['/1', '/2', '/3'],
  );
});

test('queue: $upstream_queue_time tells how long a request waited', async () => {
  await using servers = await Servers.start(1);
  const also = 'add_header X-Queued $upstream_queue_time;';
  await using _moat = await startMoat(conf(`server ${servers.at('a')} max_conns=1; queue 5;`, also));
  const held = holding(servers, 'a');
  const first = request(port);
  await until(() => held.length === 1, 'the first request');
  const second = request(port);
  await new Promise(done => setTimeout(done, 200));
  held[0]!();
  await until(() => held.length === 2, 'the second request');
  held[1]!();
  assert.equal(header(await first, 'x-queued'), '-');
  const waitedS = Number(header(await second, 'x-queued'));
  assert.ok(waitedS > 0.1 && waitedS < 5, String(waitedS));
});

test('queue: who waits too long gets 502, who leaves makes room in it', async () => {
  await using servers = await Servers.start(1);
  await using _moat = await startMoat(conf(`server ${servers.at('a')} max_conns=1; queue 1 timeout=300ms;`));
  const held = holding(servers, 'a');
  const first = request(port);
  await until(() => held.length === 1, 'the first request');
  using leaver = await Wire.dial(port);
  leaver.send(requestBytes({}));
  await until(async () => (await request(port)).status === 502, 'the queue to be full');
  leaver.socket.destroy();
  const startedMs = performance.now();
  assert.equal((await request(port)).status, 502);
  assert.ok(performance.now() - startedMs > 250, 'it waited: there was room in the queue');
  held[0]!();
  assert.equal((await first).body, 'a');
});

test('outlier_detection: faulty answers take a member out, but never the last one', async () => {
  await using servers = await Servers.start(2);
  const pool = `server ${servers.at('a')}; server ${servers.at('b')}; outlier_detection consecutive_5xx=3 base_ejection=1s;`;
  await using moat = await startMoat(conf(pool));
  servers.behave('a', () => response(500, 'A'));
  assert.match(await bodies(6), /A.*A.*A/);
  assert.equal(await bodies(6), 'bbbbbb');
  await logged(moat, /\[warn\] .*127\.0\.0\.1:\d+ is ejected for 1000 ms/);
  servers.behave('b', () => response(503, 'B'));
  assert.equal(await bodies(10), 'BBBBBBBBBB', 'somebody must serve');
  servers.behave('a');
  await until(async () => (await bodies(1)) === 'a', 'a to be used again');
  await logged(moat, /\[notice\] .*is used again after its ejection/);
});

test('keepalive: a connection that the member closed meanwhile is opened anew, and nobody is blamed', async () => {
  await using servers = await Servers.start(1);
  await using moat = await startMoat(conf(`server ${servers.at('a')}; keepalive 8;`));
  let answered = new WeakSet<object>();
  // Each connection serves one request, and is cut by the second one, without an answer.
  servers.behave('a', (received, socket) => {
    if (answered.has(socket)) return hangUp(received, socket);
    answered.add(socket);
    return response(200, 'a');
  });
  assert.equal(await bodies(6), 'aaaaaa');
  answered = new WeakSet();
  assert.doesNotMatch(moat.read(), /temporarily disabled|no live upstreams/);
  assert.match(moat.read(), /prematurely closed connection/);
});

test('proxy_next_upstream http_404: a member that has nothing is not blamed for it', async () => {
  await using servers = await Servers.start(2);
  const pool = `server ${servers.at('a')} max_fails=1 fail_timeout=1h; server ${servers.at('b')};`;
  await using moat = await startMoat(conf(pool, 'proxy_next_upstream error http_404;'));
  servers.behave('a', () => response(404));
  assert.equal(await bodies(6), 'bbbbbb');
  assert.ok(servers.get('a').requests.length > 2, 'it is asked again and again');
  assert.doesNotMatch(moat.read(), /temporarily disabled/);
});

test('keepalive: idle connections serve all locations and outlive a reload; keepalive 0 keeps none', async () => {
  await using servers = await Servers.start(1);
  const pool = (keep: string) => `server ${servers.at('a')}; ${keep}`;
  await using moat = await startMoat(conf(pool('')));
  await bodies(5);
  assert.equal(servers.get('a').connections.accepted, 1);
  moat.reload(conf(pool(''), 'add_header X-New 1;'));
  await until(async () => header(await request(port), 'x-new') === '1', 'the reload');
  await bodies(2);
  assert.equal(servers.get('a').connections.accepted, 1);
  moat.reload(conf(pool('keepalive 0;')));
  await until(() => servers.get('a').connections.open === 0, 'the idle connection to be closed');
  await bodies(3);
  assert.equal(servers.get('a').connections.accepted, 4);
});
