/** One look at all logs: what the other nodes have left there since the last one. */
import { listOf, RedisError, type Reply, textOf } from '#kit/resp.ts';
import type { Command, ZoneLog } from './zone-log.ts';

/** Messages of one log that are read at a time, and of all. */
const MESSAGES_MOST = { each: 8, all: 64 };

export class Reading {
  /** Whether there is more to read at once. */
  hasMore = false;
  /** Whether all is read, and could be taken in. */
  isDone = true;
  readonly #logs: readonly ZoneLog[];
  readonly #most: number;

  constructor(logs: readonly ZoneLog[]) {
    this.#logs = logs;
    this.#most = Math.max(1, Math.min(MESSAGES_MOST.each, Math.floor(MESSAGES_MOST.all / logs.length)));
  }

  commands(): Command[] {
    const logs = this.#logs;
    if (logs.length === 0) return [];
    const where = [...logs.map(({ key }) => key), ...logs.map(({ cursor }) => cursor)];
    return [
      {
        words: ['XREAD', 'COUNT', this.#most, 'STREAMS', ...where],
        take: reply => {
          if (reply instanceof RedisError) throw reply;
          for (const one of listOf(reply)) this.#take(one);
        },
      },
    ];
  }

  #take(one: Reply): void {
    const [name, list] = listOf(one);
    const log = this.#logs.find(({ key }) => key === textOf(name));
    const messages = listOf(list);
    const isTaken = log?.read(messages) ?? true;
    const isFull = messages.length >= this.#most;
    if (isTaken && isFull) this.hasMore = true;
    if (!isTaken || isFull) this.isDone = false;
  }
}
