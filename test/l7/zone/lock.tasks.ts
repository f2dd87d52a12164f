/** What the threads of lock.test.ts do. */
import { Lock } from '../../../l7/zone/lock.ts';
import type { Duty } from './crew.ts';

/** Cells of the shared array. */
export const LOCK = 0;
export const TALLY = 1;
export const HELD = 2;

/** Adds one to TALLY under the lock, `turns` times, by a plain read and a plain write. */
export function count({ owner, data }: Duty): void {
  const { shared, turns } = data as { shared: Int32Array; turns: number };
  const lock = new Lock(shared, LOCK, owner);
  for (let i = 0; i < turns; i++) {
    lock.acquire();
    shared[TALLY] = shared[TALLY]! + 1;
    lock.release();
  }
}

/** Takes the lock, says so in HELD, and keeps it until it is terminated. */
export function hold({ owner, data }: Duty): void {
  const { shared } = data as { shared: Int32Array };
  new Lock(shared, LOCK, owner).acquire();
  Atomics.store(shared, HELD, 1);
  Atomics.notify(shared, HELD);
  for (;;) Atomics.wait(shared, HELD, 1);
}
