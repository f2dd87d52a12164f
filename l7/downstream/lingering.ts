/** RFC 9112 §9.6: after the last answer a connection is read on for a while, so that what was sent is not lost to a reset. */
import type { CoreSettings } from '#model/l7/core.ts';
import type { Clock } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import type { Transport } from '../transport/transport.ts';

export class Lingering {
  /** When it ends, whatever comes. */
  #untilMs = 0;
  /** How long nothing may come. */
  #stepMs = 0;

  /** lingering_time begins to count. */
  begin({ lingeringTimeMs, lingeringTimeoutMs }: CoreSettings, clock: Clock): void {
    this.#untilMs = clock.nowMs() + lingeringTimeMs;
    this.#stepMs = lingeringTimeoutMs;
  }

  /** Waits for more, but not for ever. */
  goOn(transport: Transport, deadline: Deadline, clock: Clock): void {
    const leftMs = this.#untilMs - clock.nowMs();
    if (leftMs <= 0) transport.destroy();
    else deadline.set(Math.min(leftMs, this.#stepMs));
  }
}
