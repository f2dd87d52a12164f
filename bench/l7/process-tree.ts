/** What a program and all of its descendants used, read from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

export type Cpu = { readonly userMs: number; readonly systemMs: number };
export type Memory = { readonly rssBytes: number; readonly pssBytes: number };

/** The kernel's unit of utime and stime; it has been 100 Hz in /proc on all machines for decades (USER_HZ). */
const TICK_MS = 10;

/** Processor time of the tree since it began, threads included. A child that ended meanwhile counts in its parent. */
export function cpuOf(root: number): Cpu {
  let [userMs, systemMs] = [0, 0];
  for (const pid of treeOf(root)) {
    const fields = statOf(pid);
    if (!fields) continue;
    // proc(5): utime, stime, cutime and cstime are fields 14 to 17; `fields` begins with field 3
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15).map(Number);
    userMs += (user + endedUser) * TICK_MS;
    systemMs += (system + endedSystem) * TICK_MS;
  }
  return { userMs, systemMs };
}

/** Resident memory of the tree; PSS splits pages that several processes share. */
export function memoryOf(root: number): Memory {
  let [rssBytes, pssBytes] = [0, 0];
  for (const pid of treeOf(root)) {
    const text = readIfThere(`/proc/${pid}/smaps_rollup`);
    rssBytes += 1024 * Number(/^Rss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
    pssBytes += 1024 * Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
  }
  return { rssBytes, pssBytes };
}

/** The process and its descendants. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))?.[1]);
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent)!.push(Number(name));
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** The fields of /proc/PID/stat after the name, which may hold blanks and brackets itself. */
function statOf(pid: number): string[] | undefined {
  const text = readIfThere(`/proc/${pid}/stat`);
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // it ended between being listed and being read
  }
}
