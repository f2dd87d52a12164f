/** The access log files of a worker: lines are joined for a turn of the event loop, or as long as `buffer=` says. */
import { type AppendFile, AppendFiles } from '#kit/append-file.ts';

/** One open file; lines go out in order, whole. */
class LogFile {
  readonly #file: AppendFile;
  readonly #mostBytes: number;
  readonly #flushMs: number | undefined;
  #lines = '';
  #scheduled: NodeJS.Timeout | NodeJS.Immediate | undefined;

  constructor(file: AppendFile, bufferBytes: number, flushMs: number | undefined) {
    this.#file = file;
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
    this.#file.write(lines);
  }
}

export class LogFiles {
  readonly #appended: AppendFiles;
  readonly #files = new Map<string, LogFile>();

  /** @param appended descriptors that the process was given; other paths are opened here */
  constructor(appended = new AppendFiles()) {
    this.#appended = appended;
  }

  /** The file of that path, opened at once so that a missing folder shows early. */
  file(path: string, bufferBytes: number, flushMs: number | undefined): { write(line: string): void } {
    const known = this.#files.get(path);
    if (known) return known;
    const file = new LogFile(this.#appended.open(path), bufferBytes, flushMs);
    this.#files.set(path, file);
    return file;
  }

  flush(): void {
    for (const file of this.#files.values()) file.flush();
  }

  /** What is joined so far belongs to the old files. @returns why some could not be opened anew */
  reopen(): Error[] {
    this.flush();
    return this.#appended.reopen();
  }

  close(): void {
    this.flush();
    this.#files.clear();
  }
}
