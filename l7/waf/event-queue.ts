/** Events of one thread on their way to the store: in batches, so many a second, the rest counted. */
import type { WafEvent } from '#model/waf-event.ts';

const BATCH_MS = 250;
/** A flood of attacks is told by its first ones, and by its number. */
const MOST_OF_BATCH = 64;

export interface WafEventBatch {
  readonly events: readonly WafEvent[];
  /** Those that had no room. */
  readonly dropped: number;
}

export class EventQueue {
  readonly #send: (batch: WafEventBatch) => void;
  #events: WafEvent[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (batch: WafEventBatch) => void) {
    this.#send = send;
  }

  /** Whether another one would be kept: making one costs more than asking. */
  get hasRoom(): boolean {
    return this.#events.length < MOST_OF_BATCH;
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

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#events.length === 0 && this.#dropped === 0) return;
    const batch = { events: this.#events, dropped: this.#dropped };
    this.#events = [];
    this.#dropped = 0;
    this.#send(batch);
  }
}
