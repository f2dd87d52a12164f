/**
 * Two nodes of moat at the shortest interval, on a machine whose cores are all busy: `node bench/vrrp-soak.ts [SECONDS [INTERVAL_MS [LOOPS [TAKEOVERS [FAILURE]]]]]`.
 * Prints transitions (there should be none), pauses, and takeovers after a crash, a stop and a link that went down; FAILURE: of those
 * alone that have this text. Needs root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterFigures } from '../cluster/figures.ts';
import { monotonicMs } from '../kit/monotonic.ts';
import { type Moat, Pair } from '../test/cluster/pair.ts';

const seconds = Number(process.argv[2] ?? 600);
const intervalMs = Number(process.argv[3] ?? 10);
const loopCount = Number(process.argv[4] ?? 2 * availableParallelism());
const takeoverCount = Number(process.argv[5] ?? 5);
const only = process.argv[6] ?? '';

/** Endless loops, two for each core unless said otherwise. */
function burn(): ChildProcess[] {
  return Array.from({ length: loopCount }, () =>
    spawn(process.execPath, ['-e', 'for (let n = 0;; n++) Math.sqrt(n)'], { stdio: 'ignore' }),
  );
}

async function figuresOf(moat: Moat) {
  const { stdout, stderr } = await moat.run('vrrp', 'status', '--json');
  const figures: ClusterFigures = JSON.parse(stdout || `{"fault":${JSON.stringify(stderr)}}`);
  return figures.instances[0]!;
}

async function soak(pair: Pair, above: Moat, below: Moat): Promise<void> {
  const before = [await figuresOf(above), await figuresOf(below)];
  const sinceMs = monotonicMs();
  await sleep(seconds * 1000);
  const after = [await figuresOf(above), await figuresOf(below)];
  after.forEach((one, at) => {
    const changes =
      one.counts.becameActive +
      one.counts.becameBackup -
      before[at]!.counts.becameActive -
      before[at]!.counts.becameBackup;
    const { sent, received, pauses, longestPauseMs } = one.counts;
    console.log(
      `node ${at}: ${one.state}, ${changes} transitions, sent ${sent - before[at]!.counts.sent}, received ${received - before[at]!.counts.received}, pauses ${pauses} (longest ${longestPauseMs} ms)`,
    );
  });
  pair.owners[0].assertSteady(true, sinceMs);
  pair.owners[1].assertSteady(false, sinceMs);
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const said = (values: number[]) =>
  `median ${median(values).toFixed(1)} ms, worst ${Math.max(...values).toFixed(1)} ms of ${values.length}`;

interface Failure {
  readonly what: string;
  /** Of the process that speaks VRRP on the node that has the address. */
  fail(pid: number, pair: Pair): void;
  mend(pid: number, pair: Pair): void;
}

const FAILURES: readonly Failure[] = [
  { what: 'kill -9 of the process', fail: pid => process.kill(pid, 'SIGKILL'), mend() {} },
  {
    what: 'SIGSTOP of the process',
    fail: pid => process.kill(pid, 'SIGSTOP'),
    mend: pid => process.kill(pid, 'SIGCONT'),
  },
  {
    what: 'link down',
    fail: (_, { hosts }) => void hosts[0].do('ip link set eth0 down'),
    mend: (_, { hosts }) => void hosts[0].do('ip link set eth0 up'),
  },
];

async function takeovers(pair: Pair, above: Moat, { what, fail, mend }: Failure): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < takeoverCount; round++) {
    await pair.owners[0].becomes(true);
    await pair.owners[1].becomes(false);
    const { clusterPid } = await above.pids();
    await sleep(500);
    const sinceMs = monotonicMs();
    fail(clusterPid, pair);
    times.push((await pair.owners[1].becomes(true)) - sinceMs);
    mend(clusterPid, pair);
  }
  console.log(`takeover after ${what}: ${said(times)}`);
}

const dir = mkdtempSync(join(tmpdir(), 'moat-soak-'));
const pair = new Pair({ version: 3, family: 4, unicast: false }, dir);
const loops = burn();
try {
  console.log(
    `${availableParallelism()} × ${cpus()[0]!.model}, ${loops.length} endless loops, interval ${intervalMs} ms`,
  );
  const above = pair.moat(`priority 150; advert_interval ${intervalMs}ms;`).start();
  const below = pair.moat(`priority 100; advert_interval ${intervalMs}ms;`, { at: 1 }).start();
  await below.says(/initialize to backup/);
  await pair.owners[0].becomes(true);
  await pair.owners[1].becomes(false);
  await sleep(2000);
  await soak(pair, above, below);
  for (const failure of FAILURES.filter(({ what }) => what.includes(only)))
    await takeovers(pair, above, failure);
} finally {
  for (const loop of loops) loop.kill('SIGKILL');
  pair[Symbol.dispose]();
  rmSync(dir, { recursive: true, force: true });
}
