/** Keeps count of what a peer sends to no use: some of it is normal, a flood of it ends the connection. */
import type { Clock } from '../../clock.ts';
import { ConnectionFault, ENHANCE_YOUR_CALM } from './frame.ts';

/** How metrics tell of all faults that end a connection or a stream, but for those that look like attacks. */
export const PROTOCOL_FAULT = 'an HTTP/2 protocol error';

/** A bucket that fills again with time, and by useful work. */
class Allowance {
  readonly #most: number;
  readonly #perMs: number;
  #left: number;
  #atMs = 0;

  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perMs = perSecond / 1000;
    this.#left = most;
  }

  earn(amount: number): void {
    this.#left = Math.min(this.#most, this.#left + amount);
  }

  /** @returns false when nothing is left */
  spend(nowMs: number): boolean {
    if (--this.#left >= 0) return true;
    this.earn((nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    return this.#left >= 0;
  }
}

/** Frames that cost work and bring none: pings, settings, priorities, empty DATA, window updates. */
const IDLE_FRAMES = 10_000;
const IDLE_FRAMES_PER_S = 1000;
/** Streams that the peer cancels, or opens beyond what it was allowed (CVE-2023-44487). */
const LOST_STREAMS = 500;
const LOST_STREAMS_PER_S = 33;
/** Each frame with a payload is followed by window updates for its stream and for the connection. */
const EARNED_BY_PAYLOAD = 3;

export class FloodGuard {
  readonly #clock: Clock;
  readonly #frames = new Allowance(IDLE_FRAMES, IDLE_FRAMES_PER_S);
  readonly #streams = new Allowance(LOST_STREAMS, LOST_STREAMS_PER_S);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A frame with a payload came or went. */
  payload(): void {
    this.#frames.earn(EARNED_BY_PAYLOAD);
  }

  /** A frame that brings nothing. @throws {ConnectionFault} when it is a flood */
  idleFrame(): void {
    if (!this.#frames.spend(this.#clock.nowMs()))
      throw new ConnectionFault(ENHANCE_YOUR_CALM, 'flood of frames');
  }

  /** A stream that was for nothing. @throws {ConnectionFault} when it is a flood */
  lostStream(): void {
    if (!this.#streams.spend(this.#clock.nowMs()))
      throw new ConnectionFault(ENHANCE_YOUR_CALM, 'flood of cancelled streams');
  }
}
