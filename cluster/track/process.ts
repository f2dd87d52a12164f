/** `track process`: something runs under a name, or has it as the first word of its command line. */
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { lookEvery, type Report, type Tracker, type TrackStatus } from './tracker.ts';

const EVERY_MS = 500;
/** So many bytes of a name the kernel keeps in `comm`. */
const COMM_BYTES = 15;

export function trackProcess(name: string, report: Report): Tracker {
  let known: string | undefined;
  const look = async (): Promise<TrackStatus> => {
    if (known === undefined || !(await isNamed(known, name))) known = await find(name);
    return known === undefined
      ? { ok: false, says: 'it does not run' }
      : { ok: true, says: `it is ${known}` };
  };
  return lookEvery(EVERY_MS, look, report);
}

async function find(name: string): Promise<string | undefined> {
  for (const pid of await readdir('/proc')) if (/^\d+$/.test(pid) && (await isNamed(pid, name))) return pid;
  return undefined;
}

async function isNamed(pid: string, name: string): Promise<boolean> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => ''); // it has ended
  if (name.length <= COMM_BYTES && (await read('comm')).trimEnd() === name)
    return isAlive(await read('stat'));
  const [first = ''] = (await read('cmdline')).split('\0');
  return first !== '' && (first === name || basename(first) === name);
}

/** A zombie has a name, and does nothing. */
const isAlive = (stat: string): boolean => !/^\d+ \(.*\) [ZX]/s.test(stat);
