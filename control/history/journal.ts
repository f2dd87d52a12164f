/**
 * The way back of a change that is not over, on the disk before the change begins: `applying` while the files are
 * changed, `waiting` until somebody confirms. Who finds one at the start knows that a process died in the middle.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { bytesOf } from '../host/path-bytes.ts';
import { readText, syncFolder } from './files.ts';

export interface JournalEntry {
  /** The files that are changed, as they were; null: there was none. */
  readonly before: readonly (readonly [path: string, text: string | null])[];
  /** The same, as they are written. */
  readonly after: readonly (readonly [path: string, text: string | null])[];
  /** Undefined: it needs no confirming. ms since 1970 */
  readonly deadlineMs?: number | undefined;
  /** From the change on; a clock that was set back does not make it longer. */
  readonly confirmMs?: number | undefined;
  readonly who: string;
  /** Whose change it is. */
  readonly pid: number;
  readonly startTicks: string;
  /** The revision to go back to; undefined: none was kept. */
  readonly backTo?: number | undefined;
}

export type Phase = 'applying' | 'waiting';

export class Journal {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  #path(phase: Phase): string {
    return `${this.#folder}/${phase}.json`;
  }

  /** @throws {Error} when it cannot be kept */
  begin(entry: JournalEntry): void {
    mkdirSync(bytesOf(this.#folder), { recursive: true, mode: 0o700 });
    const beside = `${this.#folder}/.journal-new`;
    rmSync(bytesOf(beside), { force: true });
    const fd = openSync(bytesOf(beside), 'wx', 0o600);
    try {
      writeFileSync(fd, JSON.stringify(entry));
      fsyncSync(fd);
    } catch (fault) {
      rmSync(bytesOf(beside), { force: true });
      throw fault;
    } finally {
      closeSync(fd);
    }
    renameSync(bytesOf(beside), bytesOf(this.#path('applying')));
    syncFolder(this.#folder);
  }

  /** The change is made; it waits for somebody to confirm it. Takes no room on the disk. */
  wait(): void {
    renameSync(bytesOf(this.#path('applying')), bytesOf(this.#path('waiting')));
    syncFolder(this.#folder);
  }

  /** It is over, well or badly. */
  end(): void {
    for (const phase of ['applying', 'waiting'] as const) rmSync(bytesOf(this.#path(phase)), { force: true });
  }

  /** @throws {Error} when there is one that cannot be read */
  read(): { readonly phase: Phase; readonly entry: JournalEntry } | undefined {
    for (const phase of ['applying', 'waiting'] as const) {
      const text = readText(this.#path(phase));
      if (text !== undefined) return { phase, entry: JSON.parse(text) };
    }
    return undefined;
  }
}
