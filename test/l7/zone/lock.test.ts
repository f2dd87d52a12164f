/** The lock under threads that fight for it, sleep on it and die with it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { threadId } from 'node:worker_threads';
import { Lock, ownerOf } from '../../../l7/zone/lock.ts';
import { answerOf, hire, runCrew } from './crew.ts';
import { HELD, LOCK, TALLY } from './lock.tasks.ts';

const TASKS = import.meta.resolve('./lock.tasks.ts');
const cells = () => new Int32Array(new SharedArrayBuffer(64));
const mine = (shared: Int32Array) => new Lock(shared, LOCK, ownerOf(threadId));

/** Resolves once the thread has stored 1 in the cell HELD. */
async function untilHeld(shared: Int32Array): Promise<void> {
  await Atomics.waitAsync(shared, HELD, 0).value;
}

test('lock: no update is lost between threads and the main thread', async () => {
  const shared = cells();
  const turns = 20_000;
  const crew = runCrew(TASKS, 'count', 3, { shared, turns });
  const lock = mine(shared);
  for (let i = 0; i < turns; i++) {
    lock.acquire();
    shared[TALLY] = shared[TALLY]! + 1;
    lock.release();
    if (i % 1000 === 0) await new Promise(setImmediate); // lets the crew start and collide
  }
  await crew;
  assert.equal(shared[TALLY], 4 * turns);
  assert.equal(shared[LOCK], 0);
});

test('lock: tryAcquire() gives up when its time is over and leaves the lock to its owner', () => {
  const shared = cells();
  const owner = new Lock(shared, LOCK, 7);
  owner.acquire();
  assert.equal(mine(shared).tryAcquire(1), false);
  owner.release();
  assert.equal(mine(shared).tryAcquire(1), true);
});

test('lock: a thread that locks twice is told so instead of hanging', () => {
  const lock = mine(cells());
  lock.acquire();
  assert.throws(() => lock.acquire(), /twice/);
});

test('lock: a sleeper is woken by the release', async () => {
  const shared = cells();
  const lock = mine(shared);
  lock.acquire();
  const sleeper = hire(TASKS, 'count', 0, { shared, turns: 1 });
  while ((shared[LOCK]! & 1) === 0) await new Promise(setImmediate); // until it has marked itself as asleep
  lock.release();
  await answerOf(sleeper);
  assert.equal(shared[TALLY], 1);
});

test('lock: what a terminated thread held is freed, and those who wait for it go on', async () => {
  const shared = cells();
  const holder = hire(TASKS, 'hold', 0, { shared });
  const dead = ownerOf(holder.threadId);
  await untilHeld(shared);
  const waiters = runCrew(TASKS, 'count', 2, { shared, turns: 100 });
  while ((shared[LOCK]! & 1) === 0) await new Promise(setImmediate);
  const gone = once(holder, 'exit');
  await holder.terminate();
  await gone;
  assert.equal(shared[LOCK]! >> 1, dead, 'the dead thread still holds it');
  assert.equal(mine(shared).releaseOwnedBy(dead), true);
  await waiters;
  assert.equal(shared[TALLY], 200);
});

test('lock: releaseOwnedBy() leaves the lock of a living thread alone', () => {
  const shared = cells();
  new Lock(shared, LOCK, 7).acquire();
  assert.equal(mine(shared).releaseOwnedBy(8), false);
  assert.equal(mine(shared).tryAcquire(0), false);
});
