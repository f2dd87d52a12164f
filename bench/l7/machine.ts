/** The machine under the benchmark: its cores, whether it is large enough, and how it is told in the results. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, freemem, loadavg, release, totalmem } from 'node:os';
import type { Peer } from './peers.ts';

/** Who runs where; with two cores the servers share one with the load. */
export type Cores = { readonly proxy: string; readonly server: string; readonly load: string };

/** The cores that this process may use. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return list.split(',').flatMap(part => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
}

export function cores(): Cores {
  const [first = 0, second = 0, third = second] = allowedCores();
  return { load: String(first), proxy: String(second), server: String(third === second ? first : third) };
}

/** Why nothing can be measured here, or undefined. */
export function refusal(): string | undefined {
  if (process.platform !== 'linux') return 'it reads /proc, so it needs Linux';
  const count = allowedCores().length;
  if (count < 2) return `it needs two cores, one for the proxy alone, and may use ${count}`;
  if (freemem() < 1.5e9) return `it needs 1.5 GB of free memory, there are ${(freemem() / 1e9).toFixed(1)}`;
  return undefined;
}

export type Machine = {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Load average of the last minute when the run began: above 0.5 others were at work. */
  readonly busy: number;
  readonly commit: string;
  readonly versions: Readonly<Record<string, string>>;
};

export function describeMachine(peers: readonly Peer[]): Machine {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    busy: loadavg()[0] ?? 0,
    commit: commit(),
    versions: {
      node: process.version,
      ...Object.fromEntries(peers.map(peer => [peer.name, peer.version() ?? ''])),
    },
  };
}

function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
    return (
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', '--untracked-files=no') ? ' and changes' : '')
    );
  } catch {
    return 'unknown'; // a copy without its history measures just as well
  }
}
