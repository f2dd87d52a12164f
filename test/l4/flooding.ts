/** The flood of test/l4/flood.c, compiled for one test file. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Host, RunResult } from '../lab/lab.ts';

export type Flood = (
  from: Host,
  /** The director, whose interface is eth0 as the client's. */
  director: Host,
  to: string,
  port: number,
  seconds: number,
  ...more: 'ack'[]
) => Promise<RunResult>;

/** @returns a flood that gives the number of packets on its stdout; its program goes when the file's tests have ended */
export function makeFlood(): Flood {
  const dir = mkdtempSync(join(tmpdir(), 'moat-flood-'));
  after(() => rmSync(dir, { recursive: true }));
  const program = join(dir, 'flood');
  execFileSync('cc', ['-D_GNU_SOURCE', '-O2', '-o', program, join(import.meta.dirname, 'flood.c')]);
  return (from, director, to, port, seconds, ...more) => {
    const mac = /link\/ether (\S+)/.exec(director.do('ip link show eth0'))![1]!;
    return from.run(program, 'eth0', mac, to, String(port), String(seconds), ...more);
  };
}
