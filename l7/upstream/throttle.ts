/** `proxy_limit_rate`: gives an answer on no faster than so many bytes a second, and lets its server wait meanwhile. */
import type { Clock } from '../clock.ts';

export interface ThrottleOwner {
  /** A piece whose time has come. */
  throttleOut(data: Buffer): void;
  /** The server is to wait, or may go on. */
  throttleHold(held: boolean): void;
  /** All that was taken after finish() is given on. */
  throttleDone(): void;
}

export class Throttle {
  readonly #rate: number;
  readonly #clock: Clock;
  readonly #owner: ThrottleOwner;
  readonly #startedMs: number;
  #given = 0;
  /** What came too soon. */
  #kept: Buffer[] = [];
  #finished = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(bytesPerS: number, clock: Clock, owner: ThrottleOwner) {
    this.#rate = bytesPerS;
    this.#clock = clock;
    this.#owner = owner;
    this.#startedMs = clock.nowMs();
  }

  /** The first second is given in advance, as in nginx. */
  get #room(): number {
    const allowed = (this.#rate * (this.#clock.nowMs() - this.#startedMs + 1000)) / 1000;
    return Math.max(0, Math.floor(allowed) - this.#given);
  }

  take(data: Buffer): void {
    if (this.#kept.length > 0) return void this.#kept.push(Buffer.from(data));
    const rest = this.#give(data);
    if (rest.length === 0) return;
    this.#kept.push(Buffer.from(rest));
    this.#owner.throttleHold(true);
    this.#wait();
  }

  /** @returns what may not go yet */
  #give(data: Buffer): Buffer {
    const now = Math.min(data.length, this.#room);
    this.#given += now;
    if (now > 0) this.#owner.throttleOut(data.subarray(0, now));
    return data.subarray(now);
  }

  /** Until the next tenth of a second is due, or all that is kept. */
  #wait(): void {
    const bytes = Math.min(this.#kept[0]!.length, Math.ceil(this.#rate / 10));
    this.#timer = setTimeout(() => this.#goOn(), (bytes * 1000) / this.#rate + 1);
  }

  #goOn(): void {
    while (this.#kept.length > 0) {
      const rest = this.#give(this.#kept.shift()!);
      if (rest.length === 0) continue;
      this.#kept.unshift(rest);
      return this.#wait();
    }
    if (this.#finished) this.#owner.throttleDone();
    else this.#owner.throttleHold(false);
  }

  /** No more will be taken. */
  finish(): void {
    this.#finished = true;
    if (this.#kept.length === 0) this.#owner.throttleDone();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#kept = [];
  }
}
