/** How long to wait before a process that died is started anew: not at all at first, then longer with each death. */

/** A process that lived so long was no fault of the configuration. */
const STABLE_MS = 10_000;

export class RestartPauses {
  readonly #limits: { readonly first: number; readonly most: number };
  #pauseMs = 0;

  /** @param limits ms: of the first pause that is one, and of the longest */
  constructor(limits: { readonly first: number; readonly most: number }) {
    this.#limits = limits;
  }

  /** A process died that lived for so long. */
  died(livedMs: number): void {
    if (livedMs >= STABLE_MS) this.#pauseMs = 0;
  }

  /** @returns ms to wait now; the next time it is longer */
  next(): number {
    const { first, most } = this.#limits;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(most, Math.max(first, pauseMs * 2));
    return pauseMs;
  }
}
