/** What charts show: rates between two pictures, kept for five minutes. */
import type { Live, LiveL7 } from './shapes.ts';

export const MOST_POINTS = 300;

export interface Point {
  readonly atMs: number;
  readonly perSecond: number;
  readonly errorsPerSecond: number;
  /** undefined: no request has ended. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly active: number;
  /** Connections that the L4 tier has begun to forward. */
  readonly flowsPerSecond: number;
  /** Connections of the L4 tier that are open. */
  readonly flows: number;
}

/** @param before taken `elapsedMs` earlier */
export function pointOf(now: Live, before: Live | undefined, atMs: number, elapsedMs: number): Point {
  const grownBy = (now: number, before: number) =>
    elapsedMs <= 0 ? 0 : (Math.max(0, now - before) * 1000) / elapsedMs;
  const rate = (count: (l7: LiveL7) => number) =>
    now.l7 && before?.l7 ? grownBy(count(now.l7), count(before.l7)) : 0;
  const grown = (now.l7?.durations ?? []).map((count, at) =>
    Math.max(0, count - (before?.l7?.durations?.[at] ?? 0)),
  );
  const within = (share: number) =>
    before ? quantileMs(grown, now.l7?.durationBounds ?? [], share) : undefined;
  return {
    atMs,
    perSecond: rate(({ requests = 0 }) => requests),
    errorsPerSecond: rate(({ answers = [] }) => answers[5] ?? 0),
    ...{ p50Ms: within(0.5), p95Ms: within(0.95), p99Ms: within(0.99) },
    active: now.l7?.active ?? 0,
    flowsPerSecond: before?.l4 ? grownBy(flowsOf(now, 'connections'), flowsOf(before, 'connections')) : 0,
    flows: flowsOf(now, 'active'),
  };
}

const flowsOf = ({ l4 }: Live, what: 'active' | 'connections'): number =>
  Object.values(l4?.services ?? {})
    .flatMap(({ reals }) => Object.values(reals))
    .reduce((sum, real) => sum + real[what], 0);

/** By a straight line within the bucket, as Prometheus does it; the last bucket has no end, and gives its beginning. */
export function quantileMs(
  buckets: readonly number[],
  bounds: readonly number[],
  share: number,
): number | undefined {
  const all = buckets.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  let seen = 0;
  for (const [at, count] of buckets.entries()) {
    const from = at === 0 ? 0 : (bounds[at - 1] ?? 0);
    const to = bounds[at];
    if (seen + count >= share * all && count > 0)
      return 1000 * (to === undefined ? from : from + ((to - from) * (share * all - seen)) / count);
    seen += count;
  }
  return undefined;
}
