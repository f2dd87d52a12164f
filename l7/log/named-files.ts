/** Log files whose paths have variables: few are open at a time, and only as long as open_log_file_cache says. */
import { closeSync } from 'node:fs';
import { AppendFile, openToAppend } from '#kit/append-file.ts';
import type { LogFileCache } from '#model/l7/log.ts';
import { fileFault } from '../content/file-fault.ts';

interface Opened {
  readonly file: AppendFile;
  readonly fd: number;
  readonly openedMs: number;
}

/** A path of which it is known how often it is used: it stays open once that is `min_uses` times. */
interface Known {
  opened: Opened | undefined;
  uses: number;
  usedMs: number;
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
  readonly #known = new Map<string, Known>();
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
    const known = this.#take(path, cache, nowMs);
    try {
      known.opened ??= open(path, nowMs);
      const { file } = known.opened;
      const lostBefore = file.lostLines;
      file.write(lines);
      this.#lost += file.lostLines - lostBefore;
    } catch (fault) {
      this.#lost++;
      this.#tell(path, fault, nowMs, writer);
    }
    // One that can not be opened takes no place of those that can.
    if (cache && known.opened) this.#keep(path, known, cache, nowMs);
    else close(known);
  }

  /** Takes what is known of a path out of those that are; what was opened too long ago is opened anew. */
  #take(path: string, cache: LogFileCache | undefined, nowMs: number): Known {
    const known = this.#known.get(path) ?? { opened: undefined, uses: 0, usedMs: nowMs };
    this.#known.delete(path);
    if (!cache || (known.opened && nowMs - known.opened.openedMs >= cache.validMs)) close(known);
    return known;
  }

  #keep(path: string, known: Known, cache: LogFileCache, nowMs: number): void {
    known.uses++;
    known.usedMs = nowMs;
    if (known.uses < cache.minUses) close(known);
    this.#known.set(path, known);
    for (const [other, oldest] of this.#known) {
      if (this.#known.size <= cache.most && nowMs - oldest.usedMs < cache.inactiveMs) break;
      this.#known.delete(other);
      close(oldest);
    }
  }

  #tell(path: string, fault: unknown, nowMs: number, writer: Writer): void {
    if (nowMs - (this.#toldMs.get(path) ?? 0) < TELL_MS) return;
    if (this.#toldMs.size >= MOST_TOLD) this.#toldMs.clear();
    this.#toldMs.set(path, nowMs);
    writer.log('crit', `open() "${path}" failed ${fileFault(fault).reason}`);
  }

  closeAll(): void {
    for (const known of this.#known.values()) close(known);
    this.#known.clear();
  }
}

/** @throws what open(2) says */
function open(path: string, nowMs: number): Opened {
  const fd = openToAppend(path);
  return { file: new AppendFile(path, fd), fd, openedMs: nowMs };
}

function close(known: Known): void {
  if (known.opened) closeSync(known.opened.fd);
  known.opened = undefined;
}
