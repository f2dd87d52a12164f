/** A time limit that moves often and runs out seldom: moving it later costs a number, not a timer. */
import type { Clock } from './clock.ts';

export interface DeadlineOwner {
  deadlineExpired(): void;
}

export class Deadline {
  readonly #clock: Clock;
  readonly #owner: DeadlineOwner;
  #atMs = 0;
  #timerAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, owner: DeadlineOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Runs out in so many ms; replaces what was set before. */
  set(ms: number): void {
    this.#atMs = this.#clock.nowMs() + ms;
    if (this.#timer && this.#timerAtMs <= this.#atMs) return;
    this.#arm(ms);
  }

  /** Does not run out until it is set again. */
  clear(): void {
    this.#atMs = 0;
  }

  /** Lets the timer go; for the end of the owner's life. */
  dispose(): void {
    this.#atMs = 0;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerAtMs = this.#atMs;
    this.#timer = setTimeout(fire, ms, this);
  }

  /** The timer ran out; the deadline may have moved since. */
  timerFired(): void {
    this.#timer = undefined;
    if (this.#atMs === 0) return;
    const leftMs = this.#atMs - this.#clock.nowMs();
    if (leftMs > 1) return this.#arm(leftMs);
    this.#atMs = 0;
    this.#owner.deadlineExpired();
  }
}

function fire(deadline: Deadline): void {
  deadline.timerFired();
}
