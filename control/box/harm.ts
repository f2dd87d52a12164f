/** What the client of a box suffered between two of its reports. */
import type { TrafficReport } from './traffic.ts';

export interface Harm {
  readonly sent: number;
  readonly failed: number;
  /** `ECONNRESET 4, timeout 1`; empty: none. */
  readonly faults: string;
  /** Connections that were held before. */
  readonly kept: number;
  readonly lost: number;
  readonly brokenDownloads: number;
}

export const harmOf = (before: TrafficReport, now: TrafficReport): Harm => ({
  sent: now.sent - before.sent,
  failed: now.failed - before.failed,
  faults: moreFaults(before, now),
  kept: before.kept.open,
  lost: now.kept.lost - before.kept.lost,
  brokenDownloads: now.download.broken - before.download.broken,
});

function moreFaults(before: TrafficReport, now: TrafficReport): string {
  const grown = Object.entries(now.faults).flatMap(([fault, count]) => {
    const more = count - (before.faults[fault] ?? 0);
    return more > 0 ? [`${fault} ${more}`] : [];
  });
  return grown.join(', ');
}
