/** Moats that share through a Redis that is several: Sentinels name another master, a cluster loses one, both under requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../e2e/rig.ts';
import { keepAsking } from './clients.ts';
import { type Redis, skip, startCluster, startRedis, startSentinels } from './redis-rig.ts';
import { makeSessions, movedAt, startServers, stickyHttp } from './sessions.ts';
import { confOf, inStep, KEY, type Node, newNodes, redisOf, settled, startNode } from './two-moats.ts';

const urls = (servers: readonly Redis[]) =>
  servers.map(({ port }) => `node redis://127.0.0.1:${port};`).join(' ');

async function endAll(servers: readonly Redis[]): Promise<void> {
  for (const server of servers) await server[Symbol.asyncDispose]();
}

/** What the two of them have to go through, whoever runs Redis. */
async function failOver(
  line: string,
  breakIt: (master: Redis) => void,
  all: readonly Redis[],
): Promise<void> {
  await using servers = await startServers(5);
  const [a, b] = await newNodes();
  const conf = (node: Node) => confOf(line, stickyHttp(node, servers.ports));
  await using first = await startNode(conf(a));
  await using second = await startNode(conf(b));
  await inStep([first, second]);
  const old = await makeSessions(a.port, 50);
  await settled([first, second]);
  assert.equal(await movedAt(b.port, old), 0);
  const before = redisOf(first)?.server;
  await using clients = keepAsking(a.port);
  breakIt(all.find(({ port }) => `127.0.0.1:${port}` === before)!);
  const meanwhile = await makeSessions(a.port, 50);
  const hasMoved = () =>
    [first, second].every(moat => {
      const figures = redisOf(moat);
      return figures?.state === 'in-step' && figures.server !== before;
    });
  await until(hasMoved, 'both to follow', 120_000);
  await settled([first, second]);
  assert.equal(await movedAt(b.port, meanwhile), 0, 'what was new meanwhile is known');
  assert.equal((await clients.stop()).failed, 0);
  const young = await makeSessions(b.port, 20);
  await settled([first, second]);
  assert.equal(await movedAt(a.port, young), 0, 'what is new is known');
  // Who comes now finds all of it with the new one.
  const [c] = await newNodes();
  await using third = await startNode(conf(c));
  await inStep([third]);
  assert.equal(await movedAt(c.port, new Map([...old, ...meanwhile, ...young])), 0);
}

for (const [how, signal] of [
  ['killed', 'SIGKILL'],
  ['hung', 'SIGSTOP'],
] as const)
  test(`redis sentinel: the master is ${how} under requests, and the next one is found`, {
    skip,
  }, async () => {
    const master = await startRedis();
    const words = ['--replicaof', '127.0.0.1', `${master.port}`];
    const replicas = [await startRedis({ words }), await startRedis({ words })];
    const sentinels = await startSentinels(master.port, 3);
    const all = [master, ...replicas];
    try {
      const knows = ({ ask }: Redis) =>
        ask('SENTINEL', 'replicas', 'shop').match(/master-link-status\nok/g)?.length === 2 &&
        ask('SENTINEL', 'sentinels', 'shop').match(/^name$/gm)?.length === 2;
      await until(() => sentinels.every(knows), 'the Sentinels to know all', 120_000);
      await failOver(
        `session_store sentinel shop { ${urls(sentinels)} key "${KEY}"; }`,
        broken => broken.signal(signal),
        all,
      );
    } finally {
      await endAll([...sentinels, ...all]);
    }
  });

test('redis sentinel: a master that is only given another place is left, and one Sentinel is enough', {
  skip,
}, async () => {
  const master = await startRedis();
  const replica = await startRedis({ words: ['--replicaof', '127.0.0.1', `${master.port}`] });
  const sentinels = await startSentinels(master.port, 3);
  try {
    const knows = ({ ask }: Redis) =>
      ask('SENTINEL', 'replicas', 'shop').match(/master-link-status\nok/g)?.length === 1 &&
      ask('SENTINEL', 'sentinels', 'shop').match(/^name$/gm)?.length === 2;
    await until(() => sentinels.every(knows), 'the Sentinels to know all', 120_000);
    const [gone, ...rest] = sentinels;
    gone!.signal('SIGKILL');
    await failOver(
      `session_store sentinel shop { ${urls(sentinels)} key "${KEY}"; }`,
      () => rest[0]!.ask('SENTINEL', 'FAILOVER', 'shop'),
      [master, replica],
    );
  } finally {
    await endAll([...sentinels, master, replica]);
  }
});

test('redis cluster: the node that has the slot is found, and the one that has it after its death', {
  skip,
}, async () => {
  const nodes = await startCluster();
  try {
    await failOver(
      `session_store cluster { ${urls(nodes.slice(0, 2))} key "${KEY}"; }`,
      broken => broken.signal('SIGKILL'),
      nodes,
    );
  } finally {
    await endAll(nodes);
  }
});
