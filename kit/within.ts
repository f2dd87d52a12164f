/** Waiting for work, but not for ever. */
import { setTimeout as sleep } from 'node:timers/promises';

/** @returns undefined when it takes longer; the work goes on, and what comes of it is dropped @throws what the work throws in time */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
  const stop = new AbortController();
  const late = sleep(limitMs, undefined, { signal: stop.signal }).catch(() => undefined); // aborted: work won
  try {
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}
