/** Two moats that share through a Redis that is several, and one of those ends under requests: Sentinels name another master, a cluster votes. */
import assert from 'node:assert/strict';
import { type Running, until } from '../../e2e/rig.ts';
import { keepAsking } from './clients.ts';
import type { Redis } from './redis-rig.ts';
import { makeSessions, movedAt, startServers, stickyHttp } from './sessions.ts';
import { confOf, inStep, type Node, newNodes, ofEach, redisOf, settled, startNode } from './two-moats.ts';

export const urls = (servers: readonly Redis[]) =>
  servers.map(({ port }) => `node redis://127.0.0.1:${port};`).join(' ');

export async function endAll(servers: readonly Redis[]): Promise<void> {
  for (const server of servers) await server[Symbol.asyncDispose]();
}

/** What the two of them have to go through, whoever runs Redis. */
export async function failOver(
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
  const before = (await redisOf(first))?.server;
  await using clients = keepAsking(a.port);
  breakIt(all.find(({ port }) => `127.0.0.1:${port}` === before)!);
  const meanwhile = await makeSessions(a.port, 50);
  const hasMoved = async (moat: Running) => {
    const figures = await redisOf(moat);
    return figures?.state === 'in-step' && figures.server !== before;
  };
  await until(() => ofEach([first, second], hasMoved), 'both to follow', 120_000);
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
