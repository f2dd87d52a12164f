/** The families of the process that the workers are threads of. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Exposition } from '#kit/exposition.ts';

/** Clock ticks a second in /proc: 100 for every program on Linux. */
const TICKS_PER_S = 100;

export function writeProcess(page: Exposition): void {
  const { user, system } = process.cpuUsage();
  page.counter('process_cpu_seconds_total', 'Time that processors worked for the process.', [
    [{}, (user + system) / 1e6],
  ]);
  page.gauge('process_resident_memory_bytes', 'Memory of the process.', [[{}, process.memoryUsage.rss()]]);
  page.gauge('process_open_fds', 'Open descriptors.', [[{}, openDescriptors()]]);
  page.gauge('process_max_fds', 'Most descriptors that may be open.', [[{}, mostDescriptors()]]);
  page.gauge('process_start_time_seconds', 'When the process began, since 1970.', [[{}, startedAtS()]]);
}

/** The one that the directory is read by is among them. */
const openDescriptors = (): number => readdirSync('/proc/self/fd').length - 1;

function mostDescriptors(): number {
  const soft = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

/** The same in all threads, unlike what Node tells. proc(5): field 22 of stat, in ticks since the machine began. */
function startedAtS(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const bootedAtS = /^btime (\d+)/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1];
  return Number(bootedAtS) + Number(afterName[22 - 3]) / TICKS_PER_S;
}
