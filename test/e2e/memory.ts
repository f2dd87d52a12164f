/** The memory of a running program and of all processes that it started. */
import { readFileSync, writeFileSync } from 'node:fs';

/** @returns the pids of a process and of those below it */
export function processTree(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap(child => processTree(Number(child))))];
}

const megabytes = (pid: number, field: 'VmRSS' | 'VmHWM') =>
  Number(
    new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0,
  ) / 1024;

/** Starts to watch how much memory is resident at most. @returns asks by how many MB it has grown since, at its peak */
export function watchMemory(pid: number): () => number {
  const pids = processTree(pid);
  for (const each of pids) writeFileSync(`/proc/${each}/clear_refs`, '5'); // proc(5): the peak begins anew
  const before = pids.reduce((sum, each) => sum + megabytes(each, 'VmRSS'), 0);
  return () => pids.reduce((sum, each) => sum + megabytes(each, 'VmHWM'), 0) - before;
}
