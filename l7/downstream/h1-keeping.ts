/** How long an HTTP/1.x connection lasts after an answer: kept for the next request, or read on for a while and closed. */
import type { CoreSettings } from '#model/l7/core.ts';
import type { Clock } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import type { Transport } from '../transport/transport.ts';
import { Lingering } from './lingering.ts';

/** How long a connection without a request yet is kept when moat stops. */
const FIRST_REQUEST_GRACE_MS = 1000;

export class Keeping {
  /** What comes is not heeded any more. */
  lingering = false;
  readonly #transport: Transport;
  readonly #deadline: Deadline;
  readonly #clock: Clock;
  readonly #reading = new Lingering();
  /** The settings by which the connection is kept, and since when. */
  #kept: CoreSettings | undefined;
  #sinceMs = 0;

  constructor(transport: Transport, deadline: Deadline, clock: Clock) {
    this.#transport = transport;
    this.#deadline = deadline;
    this.#clock = clock;
  }

  /** Waits for the next request. @param bodyOpen and before it for the rest of a body that nobody wanted */
  keep(core: CoreSettings, bodyOpen: boolean): void {
    this.#kept = core;
    this.#sinceMs = this.#clock.nowMs();
    if (bodyOpen) this.#reading.begin(core, this.#clock);
    this.bodyCame(bodyOpen);
  }

  /** Of a body that nobody wanted something came, or the rest. */
  bodyCame(bodyOpen: boolean): void {
    if (!this.#kept) return;
    if (bodyOpen) this.goOn();
    else this.#deadline.set(this.#kept.keepaliveTimeout.idleMs);
  }

  /** Ends writing and reads on. Not for `lingering_close off`. */
  linger(core: CoreSettings): void {
    this.lingering = true;
    this.#reading.begin(core, this.#clock);
    this.#transport.end();
    this.goOn();
  }

  /** Waits for more, but not for ever. */
  goOn(): void {
    this.#reading.goOn(this.#transport, this.#deadline, this.#clock);
  }

  /**
   * moat is stopping, and nothing is being answered: the connection goes. One that has not asked anything yet is given a
   * moment: its first request may be under way, and would be lost.
   */
  drain(requests: number): void {
    const keptMs = this.#sinceMs + (this.#kept?.keepaliveMinTimeoutMs ?? 0) - this.#clock.nowMs();
    if (requests === 0) this.#deadline.set(FIRST_REQUEST_GRACE_MS);
    else if (keptMs > 0 && !this.lingering) this.#deadline.set(keptMs);
    else this.#transport.closeSoon();
  }
}
