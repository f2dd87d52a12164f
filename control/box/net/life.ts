/** Tells one process from a later one of the same number. */
import { processStat } from '../../host/process-stat.ts';

/** When a process began, in the kernel's ticks: with its number a name that is never used again. Undefined: there is none. */
export function startOf(pid: number | 'self'): string | undefined {
  try {
    return processStat(pid, 22);
  } catch {
    return undefined; // there is no such process
  }
}
