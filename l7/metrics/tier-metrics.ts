/** Metrics of the other tiers, as control tells them. */
import { onceAtATime } from '#kit/once-at-a-time.ts';
import { within } from '#kit/within.ts';

/** Control waits for the tiers itself, and gives up before. */
const PATIENCE_MS = 5000;

export class TierMetrics {
  readonly #ask: () => Promise<string>;

  /** @param ask rejects when there is no answer */
  constructor(ask: () => Promise<string>) {
    this.#ask = onceAtATime(ask);
  }

  /** Families in Prometheus' text format, each line with its end; undefined when control does not answer. */
  async text(): Promise<string | undefined> {
    return within(PATIENCE_MS, this.#ask()).catch(() => undefined);
  }
}
