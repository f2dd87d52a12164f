/** Lines of logs with their fields, as they are asked for: those before a place, or those that came behind one. */
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { bytesOf } from '../host/path-bytes.ts';
import { fieldReader } from './fields.ts';
import { filterOf } from './filter.ts';
import type { LogFile } from './log-files.ts';
import { endOf, type LogLine, type LogPlace, readBackwards, readOnwards } from './log-reader.ts';

export interface ShownLine {
  /** Where it stands: `INODE:BYTE`. */
  readonly id: string;
  /** As it was written; latin1. */
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface LogQuestion {
  readonly file: LogFile;
  /** As filterOf() takes them. */
  readonly conditions: readonly string[];
  readonly lines: number;
  /** `after` a place, or before one; neither: the newest. */
  readonly after?: string | undefined;
  readonly before?: string | undefined;
}

export interface LogAnswer {
  /** Before a place: the newest first; after one: the oldest first. */
  readonly lines: readonly ShownLine[];
  /** Where to go on; undefined: there is nothing before. */
  readonly next: string | undefined;
  readonly readBytes: number;
}

/** A search reads so much at once; its answer says where it goes on. */
export const MOST_SEARCHED_BYTES = 32 << 20;
const MOST_FOLLOWED_BYTES = 1 << 20;

export const placeText = ({ inode, at }: LogPlace): string => `${inode}:${at}`;

/** @returns undefined for what is no place */
export function placeOf(text: string): LogPlace | undefined {
  const [, inode, at] = /^(\d{1,20}):(\d{1,15})$/.exec(text) ?? [];
  return inode === undefined || at === undefined ? undefined : { inode: Number(inode), at: Number(at) };
}

/** @throws {FilterFault} @throws {Error} when the file cannot be read */
export function searchLog({ file, conditions, lines, after, before }: LogQuestion): LogAnswer {
  const read = fieldReader(file);
  const filter = filterOf(conditions);
  const wanted = conditions.length === 0 ? undefined : (line: string) => filter(line, read(line));
  const place = placeOf(after ?? before ?? '');
  const part =
    after === undefined
      ? readBackwards(file.path, place, { lines, bytes: MOST_SEARCHED_BYTES, wanted })
      : readOnwards(file.path, place ?? endOf(file.path), { lines, bytes: MOST_FOLLOWED_BYTES, wanted });
  const shown = ({ text, place: where }: LogLine) => ({
    ...{ id: placeText(where), text },
    fields: Object.fromEntries(read(text)),
  });
  return { lines: part.lines.map(shown), next: part.next && placeText(part.next), readBytes: part.readBytes };
}

/** Where a log that is followed goes on from. @throws {Error} when it cannot be read */
export const endOfLog = ({ path }: Pick<LogFile, 'path'>): string => placeText(endOf(path));

const OTHERS_READ = 0o004;
const OWN_FOLDER = '/var/log/moat';

/**
 * Whether a log may be shown by who reads as root for others: a configuration may name any file as a log. What everybody on this machine may read hides nothing; what lies
 * in the folder of logs holds logs.
 *
 * @param prefix absolute, ends with `/`
 */
export function mayBeShown({ path }: Pick<LogFile, 'path'>, prefix: string): boolean {
  const stats = statSync(bytesOf(path), { throwIfNoEntry: false });
  if (!stats?.isFile()) return false;
  const folder = realpathSync(bytesOf(dirname(path)), { encoding: 'latin1' });
  const own = [OWN_FOLDER, `${prefix}logs`].map(one => {
    try {
      return realpathSync(bytesOf(one), { encoding: 'latin1' });
    } catch {
      return one; // there is none
    }
  });
  return own.includes(folder) || (stats.mode & OTHERS_READ) !== 0;
}
