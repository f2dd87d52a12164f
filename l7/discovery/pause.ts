/** Waiting that ends when nobody waits any more. */
import { setTimeout as sleep } from 'node:timers/promises';

/** @returns at once when `signal` says so; whoever loops looks at it */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal, ref: false }).catch(() => {});
