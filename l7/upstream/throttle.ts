/** `proxy_limit_rate`: reads an answer from its server no faster than so many bytes a second. */
import type { Clock } from '../clock.ts';

export class Throttle {
  readonly #rate: number;
  readonly #clock: Clock;
  readonly #startedMs: number;
  /** Told when the server is to wait, and when it may go on. */
  readonly #hold: (held: boolean) => void;
  #taken = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(bytesPerS: number, clock: Clock, hold: (held: boolean) => void) {
    this.#rate = bytesPerS;
    this.#clock = clock;
    this.#startedMs = clock.nowMs();
    this.#hold = hold;
  }

  /** So much was read. The first second is given in advance, as in nginx. */
  took(bytes: number): void {
    this.#taken += bytes;
    const allowed = (this.#rate * (this.#clock.nowMs() - this.#startedMs + 1000)) / 1000;
    if (this.#taken < allowed || this.#timer) return;
    this.#hold(true);
    const waitMs = ((this.#taken - allowed) * 1000) / this.#rate + 1;
    this.#timer = setTimeout(() => this.#goOn(), waitMs);
  }

  #goOn(): void {
    this.#timer = undefined;
    this.#hold(false);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
