/** What has happened in a box: the last lines for a screen, or every line as it comes. */
import { durationText } from '../status/text.ts';

const KEPT = 50;

export class Journal {
  readonly #beganMs = performance.now();
  readonly #write: ((line: string) => void) | undefined;
  #lines: string[] = [];

  /** @param write is given each line at once; undefined: they are only kept */
  constructor(write?: (line: string) => void) {
    this.#write = write;
  }

  get ageMs(): number {
    return performance.now() - this.#beganMs;
  }

  say(text: string): void {
    const line = `${durationText(this.ageMs).padStart(6)}  ${text}`;
    this.#lines = [...this.#lines, line].slice(-KEPT);
    this.#write?.(line);
  }

  last(count: number): string[] {
    return count > 0 ? this.#lines.slice(-count) : [];
  }
}
