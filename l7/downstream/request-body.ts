/** The body of a request as it comes off the wire: held back until somebody takes it, streamed, collected or thrown away. */
import type { BodyTaker } from '../wire/h1/body.ts';

/** What a body needs of the connection it comes by. */
export interface BodyControl {
  /** Somebody takes the body: a waiting client gets its 100 (Continue). */
  bodyWanted(): void;
  pauseReading(): void;
  resumeReading(): void;
}

/** Told when a collected body is complete. */
export type Collected = (chunks: readonly Buffer[]) => void;

export class RequestBody implements BodyTaker {
  /** Bytes, or CHUNKED. */
  readonly length: number;
  receivedBytes = 0;
  complete = false;
  /** Set when the body is being dropped. */
  discarded = false;
  /** Set when it was broken, too large or half used: who answers in place of its taker finds a request without body. */
  forsaken = false;
  /** Above this many bytes `tooLarge` runs; 0: no limit. Chunked bodies are only found out while they come. */
  limitBytes = 0;
  tooLarge: (() => void) | undefined;
  readonly #control: BodyControl;
  #taker: BodyTaker | undefined;
  #held: Buffer[] = [];
  #wanted = false;

  constructor(length: number, control: BodyControl) {
    this.length = length;
    this.#control = control;
  }

  /** True when a part of it was asked for: the client may have been sent a 100. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Hands everything to `taker`, what is held first; its calls may come before this returns. */
  stream(taker: BodyTaker): void {
    this.#taker = taker;
    this.#want();
    const held = this.#held;
    this.#held = [];
    if (this.#exceeds()) return this.tooLarge?.();
    for (const chunk of held) taker.bodyData(chunk);
    if (this.complete) taker.bodyEnd();
    else this.resume();
  }

  /** Reads the body and drops it. */
  discard(): void {
    if (this.discarded) return;
    this.discarded = true;
    this.#held = [];
    this.#taker = undefined;
    if (!this.complete) this.resume();
  }

  /** Drops it for good, also where it can not be read to its end. */
  forsake(): void {
    this.forsaken = true;
    this.discard();
  }

  pause(): void {
    this.#control.pauseReading();
  }

  resume(): void {
    this.#control.resumeReading();
  }

  /** From the wire. */
  bodyData(data: Buffer): void {
    this.receivedBytes += data.length;
    if (this.discarded) return;
    if (this.#taker && this.#exceeds()) return this.tooLarge?.();
    if (this.#taker) return this.#taker.bodyData(data);
    this.#held.push(Buffer.from(data));
    this.pause();
  }

  /** From the wire. */
  bodyEnd(): void {
    this.complete = true;
    if (!this.discarded) this.#taker?.bodyEnd();
  }

  #exceeds(): boolean {
    return this.limitBytes > 0 && this.receivedBytes > this.limitBytes;
  }

  #want(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (!this.complete) this.#control.bodyWanted();
  }
}
