/** Log files: opened to append, shared by all threads of a process, replaced when they are rotated. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { LogClock } from './log-time.ts';

const { O_APPEND, O_CREAT, O_WRONLY } = constants;

/** Opens a log as nginx does: made when missing, each write goes to its end. @throws what open(2) says */
export function openToAppend(path: string): number {
  return openSync(Buffer.from(path, 'latin1'), O_APPEND | O_CREAT | O_WRONLY, 0o644);
}

/** Takes a latin1 string as one unit: a line, a datagram. Never throws. */
export interface ByteSink {
  write(bytes: string): void;
}

const STDERR_FD = 2;
/** How often it is told that a file can not be written to. */
const TELL_MS = 60_000;

/** One file that lines are appended to. A line that the disk refuses is counted, never thrown: traffic goes on. */
export class AppendFile implements ByteSink {
  readonly path: string;
  #fd: number;
  #lost = 0;
  #toldMs = 0;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** Its descriptor was taken away: nothing is written any more. */
  get dropped(): boolean {
    return this.#fd < 0;
  }

  /** Lines that were lost so far: the disk was full, or the pipe's reader slow. */
  get lostLines(): number {
    return this.#lost;
  }

  /** Appends `bytes` (a latin1 string) in one write(2), so that lines of several threads do not mix. */
  write(bytes: string): void {
    try {
      const written = writeSync(this.#fd, bytes, null, 'latin1');
      if (written < bytes.length) this.#lose(bytes.slice(written), 'was incomplete');
    } catch (fault) {
      this.#lose(bytes, `failed: ${(fault as Error).message}`);
    }
  }

  /** Appends bytes in one write(2), as write() does. */
  writeBytes(bytes: Buffer): void {
    try {
      const written = writeSync(this.#fd, bytes, 0, bytes.length, null);
      if (written < bytes.length) this.#lose(bytes.latin1Slice(written), 'was incomplete');
    } catch (fault) {
      this.#lose(bytes.latin1Slice(), `failed: ${(fault as Error).message}`);
    }
  }

  /** Counts what was lost, and tells it on stderr, the only place that is left, once a minute at most. */
  #lose(bytes: string, what: string): void {
    this.#lost += Math.max(1, bytes.split('\n').length - 1);
    const nowMs = Date.now();
    if (nowMs - this.#toldMs < TELL_MS || this.#fd === STDERR_FD || this.dropped) return;
    this.#toldMs = nowMs;
    const time = new LogClock('error-log').now();
    const line = `${time} [alert] ${process.pid}#0: write() to "${this.path}" ${what}, ${this.#lost} lines lost so far\n`;
    try {
      writeSync(STDERR_FD, line, null, 'latin1');
    } catch {} // nobody listens there either: the count remains
  }

  /** From now on writes go to `fd`; gives back the old one, which the caller may close. */
  swap(fd: number): number {
    const old = this.#fd;
    this.#fd = fd;
    return old;
  }
}

/**
 * The append files of one thread, by path.
 *
 * Most descriptors are given: the process was handed them by one that may open them, and shares them among
 * its threads. A path that only shows while running (variables in it) is opened here.
 */
export class AppendFiles {
  readonly #files = new Map<string, AppendFile>();
  readonly #given = new Map<string, number>();

  constructor(given: Iterable<readonly [string, number]> = []) {
    this.give(given);
  }

  /** Lines that all of them lost. */
  get lostLines(): number {
    let lost = 0;
    for (const file of this.#files.values()) lost += file.lostLines;
    return lost;
  }

  /** The file at `path`, opened at the first call. @throws what open(2) says */
  open(path: string): AppendFile {
    const known = this.#files.get(path);
    if (known) return known;
    const file = new AppendFile(path, this.#given.get(path) ?? openToAppend(path));
    this.#files.set(path, file);
    return file;
  }

  /** Closes the file at `path`, unless its descriptor was given. */
  close(path: string): void {
    const file = this.#files.get(path);
    this.#files.delete(path);
    if (file && !this.#given.has(path)) closeSync(file.swap(-1));
  }

  /** Gives a descriptor back to its giver, who closes it: whoever still writes to this path loses what he writes. */
  drop(path: string): void {
    this.#files.get(path)?.swap(-1);
    this.#files.delete(path);
    this.#given.delete(path);
  }

  /** Takes over descriptors; files that are open at these paths write to them from now on. The giver closes the old ones. */
  give(descriptors: Iterable<readonly [string, number]>): void {
    for (const [path, fd] of descriptors) {
      const old = this.#files.get(path)?.swap(fd);
      if (old !== undefined && !this.#given.has(path)) closeSync(old);
      this.#given.set(path, fd);
    }
  }

  /** Opens all files anew that were opened here. @returns what could not be opened; those keep their old file */
  reopen(): Error[] {
    const faults: Error[] = [];
    for (const [path, file] of this.#files) {
      if (this.#given.has(path)) continue;
      try {
        closeSync(file.swap(openToAppend(path)));
      } catch (fault) {
        faults.push(fault as Error);
      }
    }
    return faults;
  }
}
