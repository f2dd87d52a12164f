/** Log files whose paths have variables: few are open at a time, and only as long as open_log_file_cache says. */
import { closeSync } from 'node:fs';
import { AppendFile, openToAppend } from '#kit/append-file.ts';
import type { LogFileCache } from '#model/l7/log.ts';
import { fileFault } from '../content/file-fault.ts';

interface OpenFile {
  readonly file: AppendFile;
  readonly fd: number;
  readonly openedMs: number;
  /** When the time began in which it has to be used `minUses` times, and how often it was since. */
  sinceMs: number;
  uses: number;
}

/** The request that wrote the first line of a turn: in its name it is told when the file can not be opened. */
export interface Writer {
  log(level: 'crit', message: string): void;
}

interface Waiting {
  lines: string;
  readonly cache: LogFileCache | undefined;
  readonly writer: Writer;
}

/** How often it is told that a path can not be opened: a stranger may name it in every request. */
const TELL_MS = 60_000;
const MOST_TOLD = 256;

export class NamedFiles {
  /** Lines of this turn of the event loop, by path. */
  readonly #waiting = new Map<string, Waiting>();
  /** The one used last is the last one. */
  readonly #open = new Map<string, OpenFile>();
  readonly #toldMs = new Map<string, number>();
  #scheduled: NodeJS.Immediate | undefined;
  #lost = 0;

  get lostLines(): number {
    return this.#lost;
  }

  /** Appends a line at the end of this turn. @param cache undefined: the file is closed again then */
  write(path: string, line: string, cache: LogFileCache | undefined, writer: Writer): void {
    const waiting = this.#waiting.get(path);
    if (waiting) waiting.lines += line;
    else this.#waiting.set(path, { lines: line, cache, writer });
    this.#scheduled ??= setImmediate(() => this.flush());
  }

  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const nowMs = Date.now();
    for (const [path, waiting] of this.#waiting) this.#append(path, waiting, nowMs);
    this.#waiting.clear();
  }

  #append(path: string, { lines, cache, writer }: Waiting, nowMs: number): void {
    try {
      const open = this.#take(path, cache, nowMs);
      const lostBefore = open.file.lostLines;
      open.file.write(lines);
      this.#lost += open.file.lostLines - lostBefore;
      if (cache) this.#keep(path, open, cache, nowMs);
      else closeSync(open.fd);
    } catch (fault) {
      this.#lost++;
      this.#tell(path, fault, nowMs, writer);
    }
  }

  /** Takes a file out of those that are open, or opens it. @throws what open(2) says */
  #take(path: string, cache: LogFileCache | undefined, nowMs: number): OpenFile {
    const open = this.#open.get(path);
    this.#open.delete(path);
    if (open && cache && nowMs - open.openedMs < cache.validMs) return open;
    if (open) closeSync(open.fd);
    const fd = openToAppend(path);
    return { file: new AppendFile(path, fd), fd, openedMs: nowMs, sinceMs: nowMs, uses: 0 };
  }

  #keep(path: string, open: OpenFile, cache: LogFileCache, nowMs: number): void {
    open.uses++;
    if (open.uses >= cache.minUses) {
      open.sinceMs = nowMs;
      open.uses = 0;
    }
    this.#open.set(path, open);
    for (const [other, { sinceMs, fd }] of this.#open) {
      if (this.#open.size <= cache.most && nowMs - sinceMs < cache.inactiveMs) break;
      this.#open.delete(other);
      closeSync(fd);
    }
  }

  #tell(path: string, fault: unknown, nowMs: number, writer: Writer): void {
    if (nowMs - (this.#toldMs.get(path) ?? 0) < TELL_MS) return;
    if (this.#toldMs.size >= MOST_TOLD) this.#toldMs.clear();
    this.#toldMs.set(path, nowMs);
    writer.log('crit', `open() "${path}" failed ${fileFault(fault).reason}`);
  }

  closeAll(): void {
    for (const { fd } of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}
