/** Why Redis is not well, and when it is tried again: later each time, so that many nodes do not fall upon one that comes back. */

export interface Pauses {
  readonly first: number;
  readonly most: number;
}

class Patience {
  reason: string | undefined;
  readonly #pauses: Pauses;
  #pauseMs: number;
  #untilMs = 0;

  constructor(pauses: Pauses) {
    this.#pauses = pauses;
    this.#pauseMs = pauses.first;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }

  /** @param random 0 to 1 */
  fail(reason: string, nowMs: number, random: number): void {
    this.reason = reason;
    if (!this.isOver(nowMs)) return; // told already in this turn
    this.#untilMs = nowMs + this.#pauseMs * (0.5 + random);
    this.#pauseMs = Math.min(this.#pauses.most, 2 * this.#pauseMs);
  }

  end(): void {
    this.reason = undefined;
    this.#pauseMs = this.#pauses.first;
    this.#untilMs = 0;
  }
}

/** Of the connection, and of writing: a server may answer and take nothing. */
export class Outlook {
  readonly connection: Patience;
  readonly writing: Patience;

  constructor(pauses: Pauses) {
    this.connection = new Patience(pauses);
    this.writing = new Patience(pauses);
  }
}
