/** Two moats on one host that share sessions: each has an address of its own in 127.0.0.0/8. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { StoreFigures } from '../../../l7/store/figures.ts';
import { freePorts, type Running, startMoat, until } from '../../e2e/rig.ts';

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

/** The configuration of a node whose peer is the other. @param http inside of the http block */
export const nodeConf = (self: Node, other: Node, http: string, key = KEY): string => `pid rig.pid;
error_log error.log notice;
worker_processes 2;
events { worker_connections 4000; }
cluster {
  realtime_priority off;
  session_store peers { listen 127.0.0.1:${self.storePort}; peer 127.0.0.1:${other.storePort}; key "${key}"; }
}
http { access_log off; ${http} }
`;

export const startNode = (conf: string, files: Record<string, string> = {}): Promise<Running> =>
  startMoat(conf, { files });

/** What `moat status` says. */
export const statusText = (moat: Running): string =>
  spawnSync(BIN, ['status', '-p', `${moat.dir}/`, '-c', 'nginx.conf'], { encoding: 'utf8' }).stdout;

/** @returns the exit code of `moat waf bans` */
export const orderBan = (moat: Running, verb: 'add' | 'remove', key: string): number | null =>
  spawnSync(BIN, ['waf', 'bans', verb, key, '-p', `${moat.dir}/`, '-c', 'nginx.conf']).status;

export function storeOf(moat: Running): StoreFigures | undefined {
  const { stdout } = spawnSync(BIN, ['status', '--json', '-p', `${moat.dir}/`, '-c', 'nginx.conf'], {
    encoding: 'utf8',
  });
  return stdout === '' ? undefined : JSON.parse(stdout).l7?.sessionStore;
}

export const inStep = (moats: readonly Running[]): Promise<void> =>
  until(
    () =>
      moats.every(moat =>
        storeOf(moat)?.peers.every(({ told, heard }) => told === 'in-step' && heard === 'in-step'),
      ),
    'the moats to be in step',
    60_000,
  );
