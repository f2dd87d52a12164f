/** Tells one process from a later one of the same number. */
import { readFileSync } from 'node:fs';

/** When a process began, in the kernel's ticks: with its number a name that is never used again. Undefined: there is none. */
export function startOf(pid: number | 'self'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined; // there is no such process
  }
}
