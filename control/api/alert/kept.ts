/** What is known of alerts over a restart: in a file that was opened as root, and is written whole. */
import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import type { Kept } from './alerts.ts';

const MOST_BYTES = 1 << 20;

export class KeptAlerts {
  readonly #fd: number;
  readonly #tell: (message: string) => void;
  #isBad = false;

  /** @param fd open for reading and writing @param tell takes what is to be logged */
  constructor(fd: number, tell: (message: string) => void) {
    this.#fd = fd;
    this.#tell = tell;
  }

  /** Undefined: nothing, or something else. */
  read(): Kept | undefined {
    const size = fstatSync(this.#fd).size;
    if (size === 0 || size > MOST_BYTES) return undefined;
    const bytes = Buffer.alloc(size);
    readSync(this.#fd, bytes, 0, size, 0);
    try {
      const found: unknown = JSON.parse(bytes.toString());
      return isKept(found) ? found : undefined;
    } catch {
      return undefined; // it was half written when the program ended: alerts are raised anew
    }
  }

  /** A disk that refuses costs that alerts are told twice after a restart. */
  readonly write = (kept: Kept): void => {
    try {
      const bytes = Buffer.from(JSON.stringify(kept));
      writeSync(this.#fd, bytes, 0, bytes.length, 0);
      ftruncateSync(this.#fd, bytes.length);
      this.#isBad = false;
    } catch (fault) {
      if (!this.#isBad) this.#tell(`alerts cannot be kept: ${(fault as Error).message}`);
      this.#isBad = true;
    }
  };
}

const isKept = (found: unknown): found is Kept =>
  typeof found === 'object' &&
  found !== null &&
  ['raised', 'past', 'silences'].every(name => Array.isArray((found as Record<string, unknown>)[name]));
