/** The clock of Redis as seen from here: what stands in a log is dated by it, so the clocks of nodes may differ. */

import { listOf, RedisError, textOf } from '#kit/resp.ts';
import { monotonicMs } from '../../clock.ts';
import type { Command } from './zone-log.ts';

export class RedisClock {
  /** What it shows more than ours. */
  #aheadMs = 0;

  /** ms since 1970. */
  nowMs(): number {
    return monotonicMs() + this.#aheadMs;
  }

  look(): Command {
    const askedMs = monotonicMs();
    return {
      words: ['TIME'],
      take: reply => {
        if (reply instanceof RedisError) throw reply;
        const [seconds = Number.NaN, microseconds = Number.NaN] = listOf(reply).map(part =>
          Number(textOf(part)),
        );
        const redisMs = seconds * 1000 + microseconds / 1000;
        if (Number.isNaN(redisMs)) throw new Error('it does not tell the time');
        this.#aheadMs = redisMs - (askedMs + monotonicMs()) / 2;
      },
    };
  }
}
