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
}

/** @param before taken `elapsedMs` earlier */
export function pointOf(now: Live, before: Live | undefined, atMs: number, elapsedMs: number): Point {
  const rate = (count: (l7: LiveL7) => number) => {
    if (!now.l7 || !before?.l7 || elapsedMs <= 0) return 0;
    return (Math.max(0, count(now.l7) - count(before.l7)) * 1000) / elapsedMs;
  };
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
  };
}

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
