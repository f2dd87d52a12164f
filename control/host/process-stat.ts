/** What the kernel tells of a process in one line: proc_pid_stat(5). */
import { readFileSync } from 'node:fs';

/** The fields after the name, which may have blanks and brackets in it. */
const FIRST = 3;

/** @param field its number in the manual, from 3 on @throws {Error} ENOENT or ESRCH when there is no such process */
export const processStat = (pid: number | 'self', field: number): string =>
  readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')[field - FIRST] ?? '';
