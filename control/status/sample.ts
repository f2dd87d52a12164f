/** Two looks at a running program, and how fast its counts grew between them. */
import type { StatusReport } from './report.ts';

/** A report and when it was made, in ms of any clock. */
export interface Sample {
  readonly report: StatusReport;
  readonly atMs: number;
}

/** What one count was at both looks, and how long it took to grow. */
export interface Growth {
  readonly grown: number;
  readonly overMs: number;
}

/** @param before an earlier look; when there is none of the same L7 process, growth is over its whole life */
export function growth(count: (sample: Sample) => number, now: Sample, before: Sample | undefined): Growth {
  const { l7 } = now.report;
  const isSame = before !== undefined && before.report.l7?.pid === l7?.pid;
  const grown = count(now) - (isSame ? count(before) : 0);
  return { grown: Math.max(0, grown), overMs: isSame ? now.atMs - before.atMs : (l7?.uptimeMs ?? 0) };
}

export function perSecond(
  count: (sample: Sample) => number,
  now: Sample,
  before: Sample | undefined,
): number {
  const { grown, overMs } = growth(count, now, before);
  return overMs > 0 ? (grown / overMs) * 1000 : 0;
}
