/** Two moats on one host that share sessions: each has an address of its own in 127.0.0.0/8. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askStatus } from '../../../control/status/client.ts';
import { socketPathOf } from '../../../control/status/report.ts';
import type { PeersFigures, RedisFigures, StoreFigures } from '../../../l7/store/figures.ts';
import { freePorts, type Running, startMoat, until } from '../../e2e/rig.ts';
import { skip, startRedis } from './redis-rig.ts';

const BIN = join(import.meta.dirname, '../../../bin/moat');
export const KEY = 'a key that both of them have';

export interface Node {
  /** Where clients come. */
  readonly port: number;
  readonly storePort: number;
}

export async function newNodes(): Promise<readonly [Node, Node]> {
  const [a = 0, b = 0, c = 0, d = 0] = await freePorts(4);
  return [
    { port: a, storePort: c },
    { port: b, storePort: d },
  ];
}

/** @param store the session_store line @param http inside of the http block */
export const confOf = (store: string, http: string): string => `pid rig.pid;
error_log error.log notice;
worker_processes 2;
events { worker_connections 4000; }
cluster {
  realtime_priority off;
  ${store}
}
http { access_log off; ${http} }
`;

/** The configuration of a node whose peer is the other. @param http inside of the http block */
export const nodeConf = (self: Node, other: Node, http: string, key = KEY): string =>
  confOf(
    `session_store peers { listen 127.0.0.1:${self.storePort}; peer 127.0.0.1:${other.storePort}; key "${key}"; }`,
    http,
  );

/** Something through which two nodes share what they know. */
export interface Stage extends AsyncDisposable {
  /** The configuration of a node whose companion is the other. @param http inside of the http block */
  conf(self: Node, other: Node, http: string): string;
}

/** Each of the ways by which nodes share; what is shared is the same with all. */
export const WAYS: Readonly<
  Record<string, { readonly skip: string | false; readonly open: () => Promise<Stage> }>
> = {
  peers: {
    skip: false,
    open: async () => ({ conf: nodeConf, [Symbol.asyncDispose]: async () => {} }),
  },
  redis: {
    skip,
    open: async () => {
      const redis = await startRedis();
      return {
        conf: (_self, _other, http) =>
          confOf(`session_store redis://127.0.0.1:${redis.port} { key "${KEY}"; }`, http),
        [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
      };
    },
  },
};

export const startNode = (conf: string, files: Record<string, string> = {}): Promise<Running> =>
  startMoat(conf, { files });

/** What `moat status` says. */
export const statusText = (moat: Running): string =>
  spawnSync(BIN, ['status', '-p', `${moat.dir}/`, '-c', 'nginx.conf'], { encoding: 'utf8' }).stdout;

/** @returns the exit code of `moat waf bans` */
export const orderBan = (moat: Running, verb: 'add' | 'remove', key: string): number | null =>
  spawnSync(BIN, ['waf', 'bans', verb, key, '-p', `${moat.dir}/`, '-c', 'nginx.conf']).status;

/** What it says on its socket: as `moat status` asks, without a process for each time. */
export async function storeOf(moat: Running): Promise<StoreFigures | undefined> {
  const report = await askStatus(socketPathOf(join(moat.dir, 'rig.pid'))).catch(() => undefined);
  return report?.l7?.sessionStore;
}

/** Of moats with peers. */
export async function peersOf(moat: Running): Promise<PeersFigures | undefined> {
  const figures = await storeOf(moat);
  return figures?.kind === 'peers' ? figures : undefined;
}

/** Of moats with Redis. */
export async function redisOf(moat: Running): Promise<RedisFigures | undefined> {
  const figures = await storeOf(moat);
  return figures?.kind === 'redis' ? figures : undefined;
}

/** Changes that have come from the others. */
export async function received(moat: Running): Promise<number> {
  const figures = await storeOf(moat);
  if (figures?.kind === 'redis') return figures.entriesReceived;
  return figures?.peers.reduce((sum, { entriesReceived }) => sum + entriesReceived, 0) ?? 0;
}

async function isInStep(moat: Running): Promise<boolean> {
  const figures = await storeOf(moat);
  if (figures?.kind === 'redis') return figures.state === 'in-step';
  return figures?.peers.every(({ told, heard }) => told === 'in-step' && heard === 'in-step') ?? false;
}

/** Whether something is so of each of them. */
export const ofEach = async (
  moats: readonly Running[],
  isSo: (moat: Running) => Promise<boolean>,
): Promise<boolean> => (await Promise.all(moats.map(isSo))).every(Boolean);

export const inStep = (moats: readonly Running[]): Promise<void> =>
  until(() => ofEach(moats, isInStep), 'the moats to be in step', 60_000);

/**
 * Waits until what is new at one of them has had the time to reach all. Who asks for a session before that may have it moved: an answer
 * from another server counts, as in nginx.
 */
export async function settled(moats: readonly Running[]): Promise<void> {
  await inStep(moats);
  await sleep(1500);
  await inStep(moats);
}

/** Waits until so many changes have come, and for the last of them: one may come twice. */
export async function hasReceived(moat: Running, count: number): Promise<void> {
  await until(async () => (await received(moat)) >= count, `${count} changes to come`);
  await settled([moat]);
}
