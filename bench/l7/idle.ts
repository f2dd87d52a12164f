/** The scenario `idle`: what connections that wait for their next request take. */
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer } from './peers.ts';
import { type Memory, memoryOf } from './process-tree.ts';
import type { Fact, Result } from './scenarios.ts';
import { type Stage, startPeer } from './stage.ts';

export async function idle(stage: Stage, peers: readonly Peer[]): Promise<Result> {
  const notes: string[] = [];
  const facts: Fact[] = [];
  const configs: Record<string, string> = {};
  for (const peer of peers) {
    const running = await startPeer(stage, peer, 'plain', false);
    try {
      await sleep(500);
      const before = memoryOf(running.child.pid);
      const { held, memory } = await holding(stage, running.port, stage.options.idleConnections, () =>
        memoryOf(running.child.pid),
      );
      facts.push({ scenario: 'idle', peer: peer.name, held, ...memory, pssBeforeBytes: before.pssBytes });
      notes.push(told(peer.name, stage.options.idleConnections, held, before, memory));
      configs[`idle ${peer.name}`] = running.text;
    } finally {
      await stage.children.end(running.child.process);
    }
  }
  return { rows: [], notes, facts, configs };
}

/** Opens the connections, reads the memory after a second of quiet, and asks how many were still there. */
async function holding(stage: Stage, port: number, count: number, read: () => Memory) {
  const argv = [
    process.execPath,
    resolve(import.meta.dirname, 'idle-client.ts'),
    String(port),
    String(count),
  ];
  const client = stage.children.spawn(argv, { cores: stage.cores.load });
  for (let waitedMs = 0; !client.output().includes('READY'); waitedMs += 20) {
    if (client.process.exitCode !== null || waitedMs > 60_000)
      throw new Error(`The client failed: ${client.output()}`);
    await sleep(20);
  }
  await sleep(1000);
  const memory = read();
  client.process.stdin?.end();
  await once(client.process, 'close');
  return { held: Number(/^LEFT (\d+)$/m.exec(client.output())?.[1] ?? 0), memory };
}

function told(name: string, wanted: number, held: number, before: Memory, after: Memory): string {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const each = ((after.pssBytes - before.pssBytes) / wanted / 1000).toFixed(2);
  const invalid = held === wanted ? '' : `; INVALID: only ${held} were kept`;
  return `${name.padEnd(11)} ${wanted} idle: PSS ${mb(after.pssBytes)} (RSS ${mb(after.rssBytes)}), before ${mb(before.pssBytes)}, ${each} KB each${invalid}`;
}
