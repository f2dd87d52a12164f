/** What /proc says of processor and memory: proc_stat(5), proc_meminfo(5). */

/** Columns of `cpu`: user nice system idle iowait irq softirq steal. What guests had is in the first two already. */
const COLUMNS = 8;
const IDLE = 3;
const IO_WAIT = 4;

/** Ticks of all processors since the start. @param stat /proc/stat */
export function cpuTicks(stat: string): { readonly all: number; readonly idle: number } {
  const [line = ''] = stat.split('\n', 1);
  const ticks = line
    .trim()
    .split(/\s+/)
    .slice(1, 1 + COLUMNS)
    .map(Number);
  return {
    all: ticks.reduce((sum, one) => sum + one, 0),
    idle: (ticks[IDLE] ?? 0) + (ticks[IO_WAIT] ?? 0),
  };
}

/** @param meminfo /proc/meminfo @returns NaN where it does not say so */
export const kibibytesOf = (meminfo: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? Number.NaN);
