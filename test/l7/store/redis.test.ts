/** Moats that share through one Redis: what lies there, and what becomes of traffic when it is gone, hung, full, or will not have us. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Running, until } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';
import { Authority } from '../authority.ts';
import { keepAsking, someMore } from './clients.ts';
import { type Redis, skip, startRedis } from './redis-rig.ts';
import { makeSessions, movedAt, startServers, stickyHttp } from './sessions.ts';
import {
  confOf,
  hasReceived,
  inStep,
  KEY,
  type Node,
  newNodes,
  ofEach,
  received,
  redisOf,
  settled,
  startNode,
  statusText,
} from './two-moats.ts';

const storeLine = ({ port }: Redis, more = '', key = KEY) =>
  `session_store redis://127.0.0.1:${port} { key "${key}"; ${more} }`;

/** All keys of a server, and what they hold, as redis-cli prints it. */
function contentOf(redis: Redis): string {
  const keys = redis.ask('--raw', 'KEYS', '*').split('\n').filter(Boolean);
  return keys
    .map(key =>
      key.endsWith('tickets') ? redis.ask('--raw', 'GET', key) : redis.ask('--raw', 'XRANGE', key, '-', '+'),
    )
    .concat(keys)
    .join('\n');
}

const isDown = async (moat: Running) => (await redisOf(moat))?.state === 'down';

async function pair(redis: Redis, servers: readonly number[], more = '') {
  const [a, b] = await newNodes();
  const conf = (node: Node) => confOf(storeLine(redis, more), stickyHttp(node, servers));
  return { a, b, conf };
}

test('redis: what lies there is sealed, ends by itself, and is there for those who come when all have died', {
  skip,
}, async () => {
  await using redis = await startRedis();
  await using servers = await startServers(5);
  const { a, b, conf } = await pair(redis, servers.ports);
  const first = await startNode(conf(a));
  const sessions = await makeSessions(a.port, 60);
  await settled([first]);
  await until(() => redis.ask('EXISTS', '{moat}:tickets') === '1', 'the ticket keys to be told');
  process.kill(first.pid, 'SIGKILL');
  await first.stop().catch(() => {}); // it has died, as was meant
  const content = contentOf(redis);
  assert.match(content, /^\{moat\}:sessions:sids$/m);
  assert.match(content, /^\{moat\}:tickets$/m);
  for (const cookie of sessions.keys())
    assert.ok(!content.includes(cookie.slice('sid='.length)), 'no session can be read');
  for (const key of redis.ask('--raw', 'KEYS', '*').split('\n'))
    assert.ok(Number(redis.ask('PTTL', key)) > 0, key);
  await using second = await startNode(conf(b));
  await inStep([second]);
  assert.equal(await movedAt(b.port, sessions), 0);
});

test('redis: three moats on one server know the same', { skip }, async () => {
  await using redis = await startRedis();
  await using servers = await startServers(5);
  const { a, b, conf } = await pair(redis, servers.ports);
  const [c] = await newNodes();
  await using first = await startNode(conf(a));
  await using second = await startNode(conf(b));
  await using third = await startNode(conf(c));
  const moats = [first, second, third];
  await inStep(moats);
  const all = new Map<string, string>();
  for (const { port } of [a, b, c])
    for (const [cookie, server] of await makeSessions(port, 30)) all.set(cookie, server);
  for (const moat of moats) await hasReceived(moat, 60);
  for (const { port } of [a, b, c]) assert.equal(await movedAt(port, all), 0);
  for (const moat of moats) assert.equal((await redisOf(moat))?.nodes, 2);
});

test('redis: killed under requests, nobody is refused; when it is back and empty, all is told anew', {
  skip,
}, async () => {
  await using redis = await startRedis();
  await using servers = await startServers(5);
  const { a, b, conf } = await pair(redis, servers.ports);
  await using first = await startNode(conf(a));
  await using second = await startNode(conf(b));
  await inStep([first, second]);
  const old = await makeSessions(a.port, 50);
  await hasReceived(second, 50);
  await using clients = keepAsking(a.port);
  redis.signal('SIGKILL');
  await until(() => ofEach([first, second], isDown), 'its end to be noticed');
  await someMore(clients);
  assert.match(statusText(first), /^! session store: redis cannot be used: nobody listens there/m);
  assert.equal(await movedAt(b.port, old), 0, 'what was known is known');
  const meanwhile = await makeSessions(a.port, 50);
  await redis.again();
  await inStep([first, second]);
  await settled([first, second]);
  assert.equal(await movedAt(b.port, meanwhile), 0, 'what was new meanwhile is known');
  const { failed, count } = await clients.stop();
  assert.equal(failed, 0, `of ${count}`);
  assert.doesNotMatch(statusText(first), /^! /m);
  assert.equal(first.read().match(/redis cannot be used/g)?.length, 1, 'told once');
  // Who comes now finds in Redis what it has never been told itself.
  const [c] = await newNodes();
  await using third = await startNode(conf(c));
  await inStep([third]);
  assert.equal(await movedAt(c.port, new Map([...old, ...meanwhile])), 0);
});

test('redis: hung, it costs no request anything, and is used again when it goes on', { skip }, async () => {
  await using redis = await startRedis();
  await using servers = await startServers(3);
  const { a, b, conf } = await pair(redis, servers.ports);
  await using first = await startNode(conf(a));
  await using second = await startNode(conf(b));
  await inStep([first, second]);
  await using clients = keepAsking(a.port);
  redis.signal('SIGSTOP');
  const meanwhile = await makeSessions(a.port, 40);
  await until(() => isDown(first), 'the silence to be noticed');
  assert.match(statusText(first), /redis cannot be used: it does not answer within 3 s/);
  await someMore(clients);
  redis.signal('SIGCONT');
  await inStep([first, second]);
  await settled([first, second]);
  assert.equal(await movedAt(b.port, meanwhile), 0, 'what was new meanwhile is known');
  assert.equal((await clients.stop()).failed, 0);
});

test('redis: out of memory, traffic goes on and what was not taken comes later', { skip }, async () => {
  await using redis = await startRedis();
  await using servers = await startServers(3);
  const { a, b, conf } = await pair(redis, servers.ports);
  await using first = await startNode(conf(a));
  await using second = await startNode(conf(b));
  await inStep([first, second]);
  redis.ask('CONFIG', 'SET', 'maxmemory', '1');
  const sessions = await makeSessions(a.port, 40);
  await until(async () => (await redisOf(first))?.writeFault !== undefined, 'the refusal to be noticed');
  assert.match(statusText(first), /^! session store: redis 127.0.0.1:\d+ takes nothing: OOM/m);
  const later = await makeSessions(a.port, 40);
  assert.equal(await movedAt(a.port, new Map([...sessions, ...later])), 0);
  assert.equal(await received(second), 0);
  redis.ask('CONFIG', 'SET', 'maxmemory', '0');
  await hasReceived(second, 80);
  assert.equal(await movedAt(b.port, new Map([...sessions, ...later])), 0);
  await until(() => !/^! /m.test(statusText(first)), 'the alarm to end');
  assert.equal(first.read().match(/takes nothing/g)?.length, 1, 'told once');
  assert.match(first.read(), /takes changes again/);
});

test('redis: emptied while it is in use, all is told anew', { skip }, async () => {
  await using redis = await startRedis();
  await using servers = await startServers(3);
  const { a, b, conf } = await pair(redis, servers.ports);
  await using first = await startNode(conf(a));
  await inStep([first]);
  const sessions = await makeSessions(a.port, 40);
  await settled([first]);
  redis.ask('FLUSHALL');
  await until(() => redis.ask('EXISTS', '{moat}:sessions:sids') === '1', 'it to be filled');
  await inStep([first]);
  await using second = await startNode(conf(b));
  await inStep([second]);
  assert.equal(await movedAt(b.port, sessions), 0);
});

test('redis: a replica is not written to; promoted, it is used', { skip }, async () => {
  await using master = await startRedis();
  await using redis = await startRedis({ words: ['--replicaof', '127.0.0.1', `${master.port}`] });
  await using servers = await startServers(2);
  const { a, conf } = await pair(redis, servers.ports);
  await using moat = await startNode(conf(a));
  await until(
    async () => (await redisOf(moat))?.reason?.includes('replica') ?? false,
    'the replica to be found out',
  );
  assert.match(statusText(moat), /redis cannot be used: it is a replica, which cannot be written to/);
  assert.equal((await request(a.port)).status, 200);
  redis.ask('REPLICAOF', 'NO', 'ONE');
  await inStep([moat]);
  redis.ask('REPLICAOF', '127.0.0.1', `${master.port}`); // now while it is in use
  await makeSessions(a.port, 5);
  await until(() => isDown(moat), 'that to be noticed');
  redis.ask('REPLICAOF', 'NO', 'ONE');
  await inStep([moat]);
});

test('redis: a wrong password is told, never shown, and a right one is taken at a reload', {
  skip,
}, async () => {
  await using redis = await startRedis({
    cli: ['--no-auth-warning', '--user', 'admin', '-a', 'admins-word'],
    words: [
      'admin on >admins-word ~* &* +@all',
      'default off',
      'moat on >the-right-one ~{moat}:* +xadd +xread +xrange +xrevrange +pexpire +get +set +time',
    ].flatMap(user => ['--user', ...user.split(' ')]),
  });
  await using servers = await startServers(2);
  const { a, b, conf } = await pair(redis, servers.ports, 'user moat; password file:redis.password;');
  const files = { 'redis.password': 'a-wrong-one\n' };
  await using moat = await startNode(conf(a), files);
  await until(
    async () => /does not take the user and password/.test((await redisOf(moat))?.reason ?? ''),
    'the refusal',
  );
  assert.equal((await request(a.port)).status, 200);
  moat.write('redis.password', 'the-right-one\n');
  moat.reload(conf(a));
  await inStep([moat]);
  // That is all the rights that are needed: the other moat gets what is known.
  const sessions = await makeSessions(a.port, 20);
  await using other = await startNode(conf(b), { 'redis.password': 'the-right-one' });
  await hasReceived(other, 20);
  assert.equal(await movedAt(b.port, sessions), 0);
  for (const text of [moat.read(), other.read(), moat.output(), statusText(moat)])
    assert.doesNotMatch(text, /a-wrong-one|the-right-one|a key that/);
});

test('redis: messages that were sealed with another key, or by nobody, are passed over and counted', {
  skip,
}, async () => {
  await using redis = await startRedis();
  await using servers = await startServers(3);
  const [a, b] = await newNodes();
  await using first = await startNode(confOf(storeLine(redis), stickyHttp(a, servers.ports)));
  await using second = await startNode(
    confOf(storeLine(redis, '', 'a key that only one of them has'), stickyHttp(b, servers.ports)),
  );
  await inStep([first, second]);
  await makeSessions(b.port, 10);
  redis.ask('XADD', '{moat}:sessions:sids', '*', 'm', 'rubbish');
  redis.ask('XADD', '{moat}:sessions:sids', '*', 'other', 'x', 'more', 'y');
  await until(async () => ((await redisOf(first))?.refused.key ?? 0) >= 3);
  assert.equal(await received(first), 0);
  assert.match(statusText(first), /! session store: messages that were passed over: \d+ \(key\)/);
  assert.equal(first.read().match(/was not sealed with our key/g)?.length, 1, 'told once');
  assert.equal((await request(a.port)).status, 200);
});

test('redis: clusters with prefixes of their own do not meet, nor do databases', { skip }, async () => {
  await using redis = await startRedis();
  await using servers = await startServers(3);
  const [a, b] = await newNodes();
  await using first = await startNode(confOf(storeLine(redis, 'prefix one;'), stickyHttp(a, servers.ports)));
  await using second = await startNode(
    confOf(
      `session_store redis://127.0.0.1:${redis.port}/5 { key "${KEY}"; prefix one; }`,
      stickyHttp(b, servers.ports),
    ),
  );
  await inStep([first, second]);
  await makeSessions(a.port, 10);
  await until(() => redis.ask('XLEN', '{one}:sessions:sids') !== '0');
  assert.equal(redis.ask('KEYS', '{moat}*'), '');
  await makeSessions(b.port, 10);
  await until(() => redis.ask('-n', '5', 'EXISTS', '{one}:sessions:sids') === '1');
  assert.equal((await received(first)) + (await received(second)), 0);
});

test('redis: over TLS, with a certificate of our own, and nobody else is taken for it', {
  skip,
}, async () => {
  using ca = new Authority();
  using other = new Authority();
  const server = ca.issue('redis.test');
  const client = ca.issue('moat.test');
  const { writeFileSync, mkdtempSync, rmSync } = await import('node:fs');
  const dir = mkdtempSync('/tmp/redis-tls-');
  for (const [name, text] of Object.entries({
    'ca.pem': ca.cert,
    'server.pem': server.cert,
    'server.key': server.key,
    'client.pem': client.cert,
    'client.key': client.key,
  }))
    writeFileSync(`${dir}/${name}`, text, 'latin1');
  const own = ['--cacert', `${dir}/ca.pem`, '--cert', `${dir}/client.pem`, '--key', `${dir}/client.key`];
  try {
    await using redis = await startRedis({
      tls: true,
      cli: ['--tls', ...own],
      words: [
        '--tls-cert-file',
        `${dir}/server.pem`,
        '--tls-key-file',
        `${dir}/server.key`,
        '--tls-ca-cert-file',
        `${dir}/ca.pem`,
        '--tls-auth-clients',
        'yes',
      ],
    });
    await using servers = await startServers(2);
    const [a, b] = await newNodes();
    const files = {
      'ca.pem': ca.cert,
      'other.pem': other.cert,
      'client.pem': client.cert,
      'client.key': client.key,
    };
    const conf = (node: Node, more: string) =>
      confOf(
        `session_store rediss://127.0.0.1:${redis.port} { key "${KEY}"; ${more} }`,
        stickyHttp(node, servers.ports),
      );
    const right = 'ca ca.pem; certificate client.pem client.key; verify_name redis.test;';
    await using first = await startNode(conf(a, right), files);
    await inStep([first]);
    const sessions = await makeSessions(a.port, 10);
    await using second = await startNode(
      conf(b, 'ca other.pem; certificate client.pem client.key; verify_name redis.test;'),
      files,
    );
    await until(
      async () => /certificate|issuer/.test((await redisOf(second))?.reason ?? ''),
      'the authority to be unknown',
    );
    second.reload(conf(b, right.replace('redis.test', 'another.test')));
    await until(
      async () => /does not match|altname|another\.test/i.test((await redisOf(second))?.reason ?? ''),
      'the name to be another',
    );
    second.reload(conf(b, 'ca ca.pem; verify_name redis.test;'));
    await until(
      async () => /certificate required|hung up/i.test((await redisOf(second))?.reason ?? ''),
      'a certificate to be wanted',
    );
    second.reload(conf(b, right));
    await inStep([second]);
    assert.equal(await movedAt(b.port, sessions), 0);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('redis: metrics tell how it stands', { skip }, async () => {
  await using redis = await startRedis();
  const [a] = await newNodes();
  await using moat = await startNode(
    confOf(storeLine(redis), `server { listen 127.0.0.1:${a.port}; location / { metrics; } }`),
  );
  await inStep([moat]);
  const page = async () => (await request(a.port)).body;
  await until(async () => /^moat_store_redis_in_step 1$/m.test(await page()));
  redis.signal('SIGKILL');
  await until(async () => /^moat_store_redis_up 0$/m.test(await page()));
  assert.match(await page(), /^moat_store_redis_losses_total 1$/m);
});
