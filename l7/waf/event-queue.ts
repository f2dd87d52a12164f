/** Events of one thread on their way to the store: in batches, so many a second, the rest counted. */
import type { LearnedFact, WafEvent, WafEventSource } from '#model/waf-event.ts';
import { Learner } from './learner.ts';

const BATCH_MS = 250;
/** A flood of attacks is told by its first ones, and by its number. */
const MOST_OF_BATCH = 64;
const SILENT_MS = 60_000;
const MOST_TOLD = 4096;

export interface WafEventBatch {
  readonly events: readonly WafEvent[];
  /** Those that had no room. */
  readonly dropped: number;
  /** Where waf_learn is on. */
  readonly learned: readonly LearnedFact[];
}

export class EventQueue {
  readonly #send: (batch: WafEventBatch) => void;
  readonly learner: Learner;
  #events: WafEvent[] = [];
  #dropped = 0;
  /** When, in the order of that. */
  readonly #told = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (batch: WafEventBatch) => void) {
    this.#send = send;
    this.learner = new Learner(learned => send({ events: [], dropped: 0, learned }));
  }

  /** Whether another one would be kept: making one costs more than asking. */
  get hasRoom(): boolean {
    return this.#events.length < MOST_OF_BATCH;
  }

  /** Who is banned, or has a challenge before him, may ask a thousand times, and so may who reads a page: that is told once a minute. */
  mayTell(source: WafEventSource, address: string): boolean {
    if (source !== 'ban' && source !== 'challenge' && source !== 'mask') return true;
    const key = `${source} ${address}`;
    const nowMs = performance.now();
    if (nowMs - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < SILENT_MS) return false;
    this.#told.delete(key);
    this.#told.set(key, nowMs);
    if (this.#told.size > MOST_TOLD) this.#told.delete(this.#told.keys().next().value!);
    return true;
  }

  add(event: WafEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  drop(): void {
    this.#dropped++;
    this.#wake();
  }

  #wake(): void {
    this.#timer ??= setTimeout(() => this.flush(), BATCH_MS).unref();
  }

  /** What is known is told now. */
  flush(): void {
    this.learner.flush();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#events.length === 0 && this.#dropped === 0) return;
    const batch = { events: this.#events, dropped: this.#dropped, learned: [] };
    this.#events = [];
    this.#dropped = 0;
    this.#send(batch);
  }
}
