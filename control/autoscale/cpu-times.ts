/** How busy a host's processors are, by what node_exporter of Prometheus tells of them. Pure. */

/** Seconds since the host started, of all processors together. */
export interface CpuTimes {
  readonly idleS: number;
  readonly totalS: number;
}

/** `node_cpu_seconds_total{cpu="0",mode="idle"} 123.4`, in either order of its labels. */
const LINE =
  /^node_cpu_seconds_total\{[^}\n]*\bmode="([a-z]{1,16})"[^}\n]*\} ([\d.eE+-]{1,32})(?: \d{1,16})?\r?$/gm;
/** Waiting for a disk is no work. */
const IDLE = new Set(['idle', 'iowait']);

/** @param page in Prometheus' text format @returns undefined when it says nothing of processors */
export function cpuTimesOf(page: string): CpuTimes | undefined {
  let idleS = 0;
  let totalS = 0;
  for (const [, mode = '', text] of page.matchAll(LINE)) {
    const seconds = Number(text);
    if (!Number.isFinite(seconds) || seconds < 0) return undefined;
    totalS += seconds;
    if (IDLE.has(mode)) idleS += seconds;
  }
  return totalS > 0 ? { idleS, totalS } : undefined;
}

/** @returns percent of all processors, 0 to 100; undefined when the host has started anew, or no time went by */
export function busyPercent(before: CpuTimes, now: CpuTimes): number | undefined {
  const totalS = now.totalS - before.totalS;
  const idleS = now.idleS - before.idleS;
  if (totalS <= 0 || idleS < 0) return undefined;
  return 100 * Math.min(1, Math.max(0, 1 - idleS / totalS));
}
