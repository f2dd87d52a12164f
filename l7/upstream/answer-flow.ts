/** The way of an answer whose client fell behind, or whose server is slowed down: see spool.ts and throttle.ts. */
import type { ProxySettings } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import { Spool, type SpoolOwner } from './spool.ts';
import { Throttle, type ThrottleOwner } from './throttle.ts';

/** The server's side. */
export interface AnswerSource {
  /** Stops reading, or goes on. */
  holdReading(held: boolean): void;
}

export class AnswerFlow implements SpoolOwner, ThrottleOwner {
  readonly #exchange: Exchange;
  readonly #source: AnswerSource;
  readonly #spool: Spool;
  readonly #throttle: Throttle | undefined;
  #full = false;
  #throttled = false;
  #cut = false;

  /** @param bytesPerS of proxy_limit_rate; 0: no limit */
  constructor(exchange: Exchange, settings: ProxySettings, source: AnswerSource, bytesPerS: number) {
    this.#exchange = exchange;
    this.#source = source;
    this.#spool = new Spool(this, {
      memoryBytes: settings.buffersBytes,
      fileBytes: settings.maxTempFileBytes,
      tempPath: settings.tempPath,
    });
    if (bytesPerS > 0) this.#throttle = new Throttle(bytesPerS, exchange.clock, this);
    exchange.onEnd(() => this.#close());
  }

  /** From the server. */
  data(data: Buffer): void {
    if (this.#throttle) this.#throttle.take(data);
    else this.throttleOut(data);
  }

  throttleOut(data: Buffer): void {
    if (!this.#spool.open) this.#spool.put(data);
    else if (!this.#exchange.write(data)) this.#spool.wait();
  }

  /** The client did not take all that was written. */
  clientBehind(): void {
    this.#spool.wait();
  }

  /** It did by now. */
  drained(): void {
    this.#spool.drained();
  }

  /** The server's answer is complete. */
  finish(): void {
    if (this.#throttle) this.#throttle.finish();
    else this.throttleDone();
  }

  throttleDone(): void {
    this.#spool.finish();
  }

  /** The server's answer broke off: what came of it goes out, and then the cut must show. */
  cut(): void {
    this.#cut = true;
    this.finish();
  }

  spoolOut(data: Buffer): boolean {
    return this.#exchange.write(data);
  }

  spoolFull(full: boolean): void {
    this.#full = full;
    this.#source.holdReading(this.#full || this.#throttled);
  }

  throttleHold(held: boolean): void {
    this.#throttled = held;
    this.#source.holdReading(this.#full || this.#throttled);
  }

  spoolDone(): void {
    if (this.#cut) this.#exchange.abort(502);
    else this.#exchange.end();
  }

  spoolLost(error: Error): void {
    this.#exchange.log('crit', `cannot read a temporary file: ${error.message}`);
    this.#exchange.abort(500);
  }

  spoolRefused(error: Error): void {
    this.#exchange.log(
      'crit',
      `cannot write a temporary file: ${error.message}, so the upstream has to wait`,
    );
  }

  #close(): void {
    this.#spool.close();
    this.#throttle?.close();
  }
}
