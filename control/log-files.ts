/** The log files of the program: opened by control, which may, and handed on as descriptors to those who may not. */
import { closeSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type AppendFiles, openToAppend } from '#kit/append-file.ts';
import { dupFd } from '#native/socket.ts';
import { systemReason } from './load.ts';

/** These name what the program was started with; opening them again fails when that is a socket (systemd's journal). */
const STANDARD = new Map([
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
]);

export type Descriptors = ReadonlyMap<string, number>;

export class LogFiles {
  /** Control's own writers. */
  readonly #appended: AppendFiles;
  readonly #defaultDir: string;
  #open = new Map<string, number>();

  /** @param defaultDir the folder of the default paths, made when it is missing; other folders are the operator's */
  constructor(appended: AppendFiles, defaultDir: string) {
    this.#appended = appended;
    this.#defaultDir = defaultDir;
  }

  get open(): Descriptors {
    return this.#open;
  }

  /**
   * Opens those of `paths` that are not open yet.
   *
   * @returns all of `paths` with their descriptors
   * @throws {Error} that names the file that cannot be opened; then none is kept open that was not before
   */
  prepare(paths: ReadonlySet<string>): Descriptors {
    const wanted = new Map<string, number>();
    try {
      for (const path of paths) wanted.set(path, this.#open.get(path) ?? this.#openOne(path));
    } catch (fault) {
      this.abandon(wanted);
      throw fault;
    }
    return wanted;
  }

  /** From now on `wanted` are the files; those that are no longer named are closed. */
  commit(wanted: Descriptors): void {
    const gone = [...this.#open].filter(([path, fd]) => wanted.get(path) !== fd);
    this.#open = new Map(wanted);
    for (const [path] of gone) if (!wanted.has(path)) this.#appended.drop(path);
    this.#appended.give(this.#open);
    for (const [, fd] of gone) closeSync(fd);
  }

  /** Closes what `prepare` opened. */
  abandon(wanted: Descriptors): void {
    for (const [path, fd] of wanted) if (this.#open.get(path) !== fd) closeSync(fd);
  }

  /** Opens all files anew by their paths: they were moved away. @returns the new ones, not yet in force @throws as prepare */
  reopened(): Descriptors {
    const before = this.#open;
    this.#open = new Map();
    try {
      return this.prepare(new Set(before.keys()));
    } finally {
      this.#open = before;
    }
  }

  #openOne(path: string): number {
    const standard = STANDARD.get(path);
    if (standard !== undefined) return dupFd(standard);
    try {
      if (dirname(path) === this.#defaultDir)
        mkdirSync(Buffer.from(this.#defaultDir, 'latin1'), { recursive: true });
      return openToAppend(path);
    } catch (fault) {
      throw new Error(`open() "${path}" failed ${systemReason(fault)}`, { cause: fault });
    }
  }
}
