/** Reads a log from where somebody stopped, onwards or backwards, a bounded part at a time; a log that was moved away is read to its end first. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { bytesOf } from '../host/path-bytes.ts';

/** A place in a file: which one it is, and the byte before which a line ends. */
export interface LogPlace {
  readonly inode: number;
  readonly at: number;
}

export interface LogPart {
  /** latin1, in the order in which they were read. */
  readonly lines: readonly LogLine[];
  /** Where to go on; undefined: there is nothing before. */
  readonly next: LogPlace | undefined;
  readonly readBytes: number;
}

export interface LogLine {
  readonly text: string;
  /** Which line of the log it is: nothing else has this place. */
  readonly place: LogPlace;
}

export interface ReadLimits {
  readonly bytes: number;
  readonly lines: number;
  /** Only these count. */
  readonly wanted?: ((line: string) => boolean) | undefined;
}

/** Of a longer line the beginning is taken. */
export const MOST_LINE_BYTES = 16 << 10;
const BLOCK_BYTES = 64 << 10;
const LINE_END = 0x0a;

interface Opened {
  readonly fd: number;
  readonly inode: number;
  readonly bytes: number;
}

/** @throws {Error} of the file system, or for what is no plain file */
function open(path: string): Opened {
  const fd = openSync(bytesOf(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stats = fstatSync(fd);
  if (stats.isFile()) return { fd, inode: stats.ino, bytes: stats.size };
  closeSync(fd);
  throw new Error('it is no plain file');
}

function withFile<T>(path: string, work: (file: Opened) => T): T {
  const file = open(path);
  try {
    return work(file);
  } finally {
    closeSync(file.fd);
  }
}

/** By the name that logrotate and nginx's manual give it. */
const movedOf = (path: string): string => `${path}.1`;

/** The file of a place: the log, or the one that was moved away; undefined: neither. */
function findFile(path: string, inode: number): string | undefined {
  return [path, movedOf(path)].find(one => {
    try {
      return withFile(one, file => file.inode === inode);
    } catch {
      return false; // it is not there
    }
  });
}

/** Where the log ends now. @throws {Error} of the file system */
export const endOf = (path: string): LogPlace =>
  withFile(path, ({ fd, inode, bytes }) => ({ inode, at: lineEndBefore(fd, bytes) }));

/** A line that is half written is left for later. */
function lineEndBefore(fd: number, end: number): number {
  const block = Buffer.alloc(Math.min(end, BLOCK_BYTES));
  readSync(fd, block, 0, block.length, end - block.length);
  const found = block.lastIndexOf(LINE_END);
  return found === -1 ? end : end - block.length + found + 1;
}

/** Lines that came behind a place. @throws {Error} of the file system */
export function readOnwards(path: string, from: LogPlace, limits: ReadLimits): LogPart {
  const where = findFile(path, from.inode);
  if (where === undefined)
    return readOnwards(path, { inode: withFile(path, ({ inode }) => inode), at: 0 }, limits);
  const part = withFile(where, file => onwardsIn(file, from, limits));
  if (where === path || part.readBytes > 0) return part;
  return readOnwards(path, { inode: withFile(path, ({ inode }) => inode), at: 0 }, limits); // the moved one is read
}

function onwardsIn({ fd, inode, bytes }: Opened, { at }: LogPlace, limits: ReadLimits): LogPart {
  const from = at > bytes ? 0 : at; // it was emptied
  const block = Buffer.alloc(Math.min(limits.bytes, bytes - from));
  const have = block.subarray(0, readSync(fd, block, 0, block.length, from));
  const lines: LogLine[] = [];
  let start = 0;
  while (start < have.length && lines.length < limits.lines) {
    const found = have.indexOf(LINE_END, start);
    if (found === -1 && !(start === 0 && have.length === limits.bytes)) break; // half of a line: it comes whole next time
    const end = found === -1 ? have.length : found;
    const text = have.latin1Slice(start, Math.min(end, start + MOST_LINE_BYTES));
    const next = Math.min(end + 1, have.length);
    if (limits.wanted?.(text) ?? true) lines.push({ text, place: { inode, at: from + start } });
    start = next;
  }
  return { lines, next: { inode, at: from + start }, readBytes: start };
}

/** Lines before a place, the last one first; of the file that was moved away when this one has no more. @throws {Error} of the file system */
export function readBackwards(path: string, from: LogPlace | undefined, limits: ReadLimits): LogPart {
  const begin = from ?? endOf(path);
  const where = findFile(path, begin.inode);
  if (where === undefined) return { lines: [], next: undefined, readBytes: 0 };
  const part = withFile(where, file => backwardsIn(file, begin.at, limits));
  if (part.next !== undefined || where !== path) return part;
  return { ...part, next: endOfMoved(path, begin.inode) };
}

function endOfMoved(path: string, inode: number): LogPlace | undefined {
  try {
    const place = endOf(movedOf(path));
    return place.inode === inode ? undefined : place;
  } catch {
    return undefined; // there is none
  }
}

/** A block of a file that is moved towards its beginning. */
class Window {
  readonly #fd: number;
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #low = 0;
  #bytes = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Where the line begins whose end, behind its line end, is here. */
  startBefore(end: number): number {
    for (let before = end - 1; before > 0; before = this.#low) {
      if (before <= this.#low || before > this.#low + this.#bytes) this.#moveTo(before);
      const found = this.#block.lastIndexOf(LINE_END, before - 1 - this.#low);
      if (found !== -1) return this.#low + found + 1;
    }
    return 0;
  }

  text(start: number, end: number): string {
    const bytes = Math.min(end - start, MOST_LINE_BYTES);
    const from = start - this.#low;
    if (from >= 0 && from + bytes <= this.#bytes) return this.#block.latin1Slice(from, from + bytes);
    const own = Buffer.alloc(bytes);
    return own.latin1Slice(0, readSync(this.#fd, own, 0, bytes, start));
  }

  /** So that it ends there. */
  #moveTo(end: number): void {
    this.#low = Math.max(0, end - BLOCK_BYTES);
    this.#bytes = readSync(this.#fd, this.#block, 0, end - this.#low, this.#low);
  }
}

function backwardsIn({ fd, inode, bytes }: Opened, at: number, limits: ReadLimits): LogPart {
  const lines: LogLine[] = [];
  const window = new Window(fd);
  const first = Math.min(at, bytes);
  let end = first; // behind the line end of the line that is looked for
  while (end > 0 && lines.length < limits.lines && first - end < limits.bytes) {
    const start = window.startBefore(end);
    const text = window.text(start, end - 1);
    if (text !== '' && (limits.wanted?.(text) ?? true)) lines.push({ text, place: { inode, at: start } });
    end = start;
  }
  return { lines, next: end > 0 ? { inode, at: end } : undefined, readBytes: first - end };
}
