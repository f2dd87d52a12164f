/** More connections than a worker may have: who gives way, and how often that is told. */
import type { OpenConnection } from './engine.ts';

/** As nginx: an eighth of those that wait, but no more at a time. */
const SHARE = 8;
const MOST_AT_ONCE = 32;
/** A flood of clients must not become a flood of log lines. */
const TOLD_EVERY_MS = 1000;

export class Crowd {
  readonly #toldMs = new Map<string, number>();

  /** Closes some that wait for a request; costs a look at every connection. @returns how many */
  thin(connections: Iterable<OpenConnection>): number {
    const waiting = [...connections].filter(({ idle }) => idle);
    const parting = waiting.slice(0, Math.min(MOST_AT_ONCE, Math.ceil(waiting.length / SHARE)));
    for (const connection of parting) connection.destroy();
    return parting.length;
  }

  /** Whether a message of this kind is due again. */
  isNews(kind: string, nowMs: number): boolean {
    const before = this.#toldMs.get(kind);
    if (before !== undefined && nowMs - before < TOLD_EVERY_MS) return false;
    this.#toldMs.set(kind, nowMs);
    return true;
  }
}
