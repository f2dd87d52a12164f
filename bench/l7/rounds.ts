/** Measures several running proxies in turns, so that a busy second of the machine falls on all of them alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from './load.ts';
import { cpuOf, memoryOf } from './process-tree.ts';
import type { Running } from './stage.ts';

/** A measured quantity over the rounds. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

export type Row = {
  readonly scenario: string;
  readonly peer: string;
  /** µs of processor time that the proxy's whole process tree spent per request. */
  readonly userUs: Spread;
  readonly systemUs: Spread;
  readonly totalUs: Spread;
  readonly perSecond: Spread;
  readonly bytesPerSecond: Spread;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  readonly p999Us: Spread;
  readonly requests: number;
  /** Failed requests of all rounds; above 0 the row is not valid. */
  readonly errors: number;
  /** After the last round. */
  readonly pssBytes: number;
};

type Sample = Load & { readonly userUs: number; readonly systemUs: number };
export type Apply = (running: Running, seconds: number) => Promise<Load>;

export interface Rounds {
  readonly rounds: number;
  readonly seconds: number;
  /** At the least. */
  readonly warmSeconds: number;
  /** A compiler that optimizes what has run often enough counts runs, not seconds: on a busy machine they take long. */
  readonly warmRequests?: number;
}

const WARM_MOST_MS = 25_000;

async function warmUp(
  running: Running,
  { warmSeconds, warmRequests = 0 }: Rounds,
  apply: Apply,
): Promise<void> {
  const startedMs = performance.now();
  let requests = 0;
  do requests += (await apply(running, warmSeconds)).requests;
  while (requests < warmRequests && performance.now() - startedMs < WARM_MOST_MS);
}

/** A warm-up for those that need it, then `rounds` times each in turn. @param scenario the name of each one's row */
export async function measure(
  scenario: (running: Running) => string,
  peers: readonly Running[],
  rounds: Rounds,
  apply: Apply,
): Promise<Row[]> {
  for (const running of peers) if (running.peer.warmsUp) await warmUp(running, rounds, apply);
  const samples = new Map(peers.map(running => [running, [] as Sample[]]));
  for (let round = 0; round < rounds.rounds; round++) {
    for (const running of peers) samples.get(running)!.push(await sample(running, rounds.seconds, apply));
  }
  return peers.map(running => rowOf(scenario(running), running, samples.get(running)!));
}

async function sample(running: Running, seconds: number, apply: Apply): Promise<Sample> {
  const before = cpuOf(running.child.pid);
  const load = await apply(running, seconds);
  await sleep(100); // what is still being closed and logged belongs to the requests
  const after = cpuOf(running.child.pid);
  const perRequest = (ms: number) => (load.requests > 0 ? (ms * 1000) / load.requests : 0);
  return {
    ...load,
    userUs: perRequest(after.userMs - before.userMs),
    systemUs: perRequest(after.systemMs - before.systemMs),
  };
}

function rowOf(scenario: string, running: Running, samples: readonly Sample[]): Row {
  const over = (value: (sample: Sample) => number) => spread(samples.map(value));
  const sum = (value: (sample: Sample) => number) =>
    samples.reduce((total, sample) => total + value(sample), 0);
  return {
    scenario,
    peer: running.peer.name,
    userUs: over(one => one.userUs),
    systemUs: over(one => one.systemUs),
    totalUs: over(one => one.userUs + one.systemUs),
    perSecond: over(one => one.requests / one.seconds),
    bytesPerSecond: over(one => one.bytes / one.seconds),
    p50Us: over(one => one.p50Us),
    p99Us: over(one => one.p99Us),
    p999Us: over(one => one.p999Us),
    requests: sum(one => one.requests),
    errors: sum(one => one.errors) + samples.filter(one => one.requests === 0).length,
    pssBytes: memoryOf(running.child.pid).pssBytes,
  };
}

/** @param values at least one */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}
