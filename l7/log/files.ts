/** The access log files of a worker: lines are joined for a turn of the event loop, or as long as `buffer=` says. */
import { closeSync, openSync, writeSync } from 'node:fs';

/** One open file; lines go out in order, whole. */
class LogFile {
  readonly path: string;
  readonly #mostBytes: number;
  readonly #flushMs: number | undefined;
  #fd: number | undefined;
  #lines = '';
  #scheduled: NodeJS.Timeout | NodeJS.Immediate | undefined;

  constructor(path: string, bufferBytes: number, flushMs: number | undefined) {
    this.path = path;
    this.#mostBytes = bufferBytes;
    this.#flushMs = flushMs;
  }

  write(line: string): void {
    this.#lines += line;
    if (this.#mostBytes > 0 && this.#lines.length >= this.#mostBytes) return this.flush();
    if (this.#scheduled) return;
    if (this.#mostBytes === 0) this.#scheduled = setImmediate(() => this.flush());
    else if (this.#flushMs !== undefined)
      this.#scheduled = setTimeout(() => this.flush(), this.#flushMs).unref();
  }

  flush(): void {
    if (this.#scheduled) {
      clearImmediate(this.#scheduled as NodeJS.Immediate);
      clearTimeout(this.#scheduled as NodeJS.Timeout);
      this.#scheduled = undefined;
    }
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    this.#fd ??= openSync(this.path, 'a', 0o644);
    writeSync(this.#fd, lines, null, 'latin1');
  }

  open(): void {
    this.#fd ??= openSync(this.path, 'a', 0o644);
  }

  reopen(): void {
    this.flush();
    this.close();
    this.open();
  }

  close(): void {
    this.flush();
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

export class LogFiles {
  readonly #files = new Map<string, LogFile>();

  /** The file of that path, opened at once so that a missing folder shows early. */
  file(path: string, bufferBytes: number, flushMs: number | undefined): { write(line: string): void } {
    const known = this.#files.get(path);
    if (known) return known;
    const file = new LogFile(path, bufferBytes, flushMs);
    file.open();
    this.#files.set(path, file);
    return file;
  }

  flush(): void {
    for (const file of this.#files.values()) file.flush();
  }

  reopen(): void {
    for (const file of this.#files.values()) file.reopen();
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}
