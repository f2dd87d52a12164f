/** `track file`: a number in a file; one that is absent or empty holds 0. */
import { readFile } from 'node:fs/promises';
import { lookEvery, type Report, type Tracker, type TrackStatus } from './tracker.ts';

const EVERY_MS = 500;

export const trackFile = (path: string, report: Report): Tracker =>
  lookEvery(EVERY_MS, () => read(path), report);

async function read(path: string): Promise<TrackStatus> {
  const text = await readFile(Buffer.from(path, 'latin1'), 'latin1').catch((fault: NodeJS.ErrnoException) => {
    if (fault.code !== 'ENOENT') throw fault;
    return '';
  });
  const value = Number(text.trim());
  if (!Number.isInteger(value)) return { ok: false, says: 'it holds no whole number' };
  return { ok: value >= 0, says: `it holds ${value}`, value };
}
