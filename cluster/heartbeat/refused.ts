/** Packets that were refused: counted by reason, and told once a while, for a stranger can send them as fast as he likes. */
import type { Log } from '../log.ts';
import { REFUSALS, type Refusal } from './session.ts';

const LEAST_BETWEEN_LINES_MS = 10_000;

export class Refused {
  readonly #log: Log;
  readonly #nowMs: () => number;
  readonly #counts = new Map<Refusal, number>();
  readonly #toldMs = new Map<Refusal, number>();

  constructor(log: Log, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  add(reason: Refusal, source: string): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    const nowMs = this.#nowMs();
    if (nowMs - (this.#toldMs.get(reason) ?? Number.NEGATIVE_INFINITY) < LEAST_BETWEEN_LINES_MS) return;
    this.#toldMs.set(reason, nowMs);
    this.#log.warn(`heartbeat: a packet of ${source} is refused: ${REFUSALS[reason]}`);
  }

  figures(): Partial<Record<Refusal, number>> {
    return Object.fromEntries(this.#counts);
  }
}
