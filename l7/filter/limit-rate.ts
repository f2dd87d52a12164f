/** `limit_rate`: sends an answer no faster than so many bytes a second. */
import type { Exchange, SourceHolder } from '../exchange.ts';
import type { BodySink } from '../response.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';
import { sizeOf } from '../variable/size.ts';

/** Held bytes leave in steps of at most this time. */
const STEP_MS = 100;

/** X-Accel-Limit-Rate may limit any answer, so this is never absent. */
export function limitRateFilter(compiler: Compiler): HeaderFilter {
  const { limitRateBytesPerS, limitRateAfterBytes } = compiler.location.settings.core;
  const rateOf = sizeOf(limitRateBytesPerS, compiler.variables);
  const afterOf = sizeOf(limitRateAfterBytes, compiler.variables);
  return exchange => {
    const rate = exchange.limitRateBytesPerS ?? rateOf(exchange);
    if (rate > 0) exchange.addFilter(next => new RateSink(next, exchange, rate, afterOf(exchange)));
  };
}

class RateSink implements BodySink, SourceHolder {
  readonly #next: BodySink;
  readonly #exchange: Exchange;
  readonly #rate: number;
  readonly #after: number;
  readonly #startedMs: number;
  #sent = 0;
  #held: Buffer[] = [];
  #ended = false;
  /** The client is behind: nothing more goes to it before it has taken what it got. */
  #behind = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(next: BodySink, exchange: Exchange, rate: number, after: number) {
    this.#next = next;
    this.#exchange = exchange;
    this.#rate = rate;
    this.#after = after;
    this.#startedMs = exchange.clock.nowMs();
    exchange.onEnd(() => clearTimeout(this.#timer));
  }

  write(data: Buffer): boolean {
    if (this.#held.length > 0) {
      this.#held.push(Buffer.from(data));
      return false;
    }
    const budget = this.#budget();
    if (budget >= data.length) return this.#pass(data);
    if (budget > 0) this.#behind = !this.#pass(data.subarray(0, budget));
    this.#held.push(Buffer.from(data.subarray(Math.max(0, budget))));
    this.#exchange.holdSource(this);
    if (!this.#behind) this.#wait();
    return false;
  }

  end(): void {
    if (this.#held.length > 0) this.#ended = true;
    else this.#next.end();
  }

  /** The first second is given in advance, as in nginx. */
  #budget(): number {
    const seconds = (this.#exchange.clock.nowMs() - this.#startedMs) / 1000 + 1;
    return Math.floor(this.#rate * seconds) + this.#after - this.#sent;
  }

  #pass(data: Buffer): boolean {
    this.#sent += data.length;
    return this.#next.write(data);
  }

  drained(): void {
    if (!this.#behind) return;
    this.#behind = false;
    this.#release();
  }

  #wait(): void {
    const bytes = Math.min(this.#held[0]!.length, Math.ceil((this.#rate * STEP_MS) / 1000));
    const waitMs = Math.ceil(((bytes - this.#budget()) * 1000) / this.#rate);
    this.#timer = setTimeout(() => this.#release(), Math.max(1, waitMs));
  }

  #release(): void {
    let budget = this.#budget();
    while (this.#held.length > 0 && budget > 0 && !this.#behind) {
      const first = this.#held[0]!;
      const taken = first.subarray(0, budget);
      budget -= taken.length;
      if (taken.length === first.length) this.#held.shift();
      else this.#held[0] = first.subarray(taken.length);
      this.#behind = !this.#pass(taken);
    }
    if (this.#held.length > 0) return this.#behind ? undefined : this.#wait();
    if (this.#ended) return this.#next.end();
    this.#exchange.releaseSource(this);
    if (!this.#behind) this.#exchange.resumeSource();
    this.#behind = false;
  }
}
