/** Spans of one thread on their way to the process, which sends them: in batches, so that a message costs little. */
import type { TraceExporter } from '#model/l7/trace.ts';

export interface SpanBatch {
  /** Spans as JSON, with commas between them; latin1. */
  readonly text: string;
  readonly count: number;
}

/** What waits here is not yet late. */
const MOST_WAIT_MS = 500;

export class SpanQueue {
  readonly #send: (batch: SpanBatch) => void;
  #text = '';
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #batchSize = 1;
  #waitMs = MOST_WAIT_MS;

  constructor(send: (batch: SpanBatch) => void) {
    this.#send = send;
  }

  /** Batches are as that of the configuration which was compiled last. */
  follow({ batchSize, intervalMs }: TraceExporter): void {
    this.#batchSize = batchSize;
    this.#waitMs = Math.min(MOST_WAIT_MS, intervalMs);
  }

  add(text: string): void {
    this.#text = this.#count === 0 ? text : `${this.#text},${text}`;
    this.#count++;
    if (this.#count >= this.#batchSize) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#waitMs).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#count === 0) return;
    const batch = { text: this.#text, count: this.#count };
    this.#text = '';
    this.#count = 0;
    this.#send(batch);
  }
}
