/** Open requests per key of one limit_conn_zone, each thread's share on its own. */
import { NONE, openZone, type Shape, type ZoneTable } from './table.ts';

/** What take() answers when the key has as many as it may, and when the zone has no room for another key. */
export const OVER = 0;
export const FULL = -1;

/** What an entry holds, for createZone(): one Int32 count per slot, that is per thread which may take. */
export function connShape(slots: number, keyBytesMax = 16): Shape {
  return { keyBytesMax, floats: 0, ints: slots };
}

/**
 * One thread's view of the zone. The count of a key is the sum of its threads' shares and is stored nowhere else,
 * so that a dead thread's share can be given back exactly. O(slots) per operation.
 * An entry stays where it is while anything is held under it.
 */
export class ConnZone {
  readonly table: ZoneTable;
  readonly #slot: number;
  readonly #slots: number;

  /**
   * @param sab made by `createZone(bytes, connShape(slots))`
   * @param slot this thread's own, 0 <= slot < slots; a new thread may have a dead one's after giveBack()
   * @param owner `ownerOf(threadId)`
   */
  constructor(sab: SharedArrayBuffer, slot: number, owner: number) {
    this.table = openZone(sab, { owner, whenFull: 'refuse' });
    this.#slots = this.table.intCount;
    this.#slot = slot;
    if (slot >= this.#slots) throw new RangeError(`Slot ${slot} in a zone of ${this.#slots} slots`);
  }

  /** Counts one more of `key` unless that makes more than `limit`; answers a handle (> 0) for give(), OVER or FULL. */
  take(key: string, limit: number): number {
    const table = this.table;
    table.lock.acquire();
    try {
      let entry = table.find(key, 0);
      if (entry === NONE) entry = table.insert(0);
      else if (this.#sum(entry) >= limit) return OVER;
      if (entry === NONE) return FULL;
      const share = table.intAt(entry) + this.#slot;
      table.ints[share] = table.ints[share]! + 1;
      return entry;
    } finally {
      table.lock.release();
    }
  }

  /** Gives back what take() counted in this thread, once. */
  give(entry: number): void {
    const table = this.table;
    table.lock.acquire();
    try {
      const share = table.intAt(entry) + this.#slot;
      const left = table.ints[share]! - 1;
      table.ints[share] = left;
      if (left === 0 && this.#sum(entry) === 0) table.remove(entry);
    } finally {
      table.lock.release();
    }
  }

  /** How many of `key` are counted, by all threads. */
  count(key: string): number {
    const table = this.table;
    table.lock.acquire();
    try {
      const entry = table.find(key, 0);
      return entry === NONE ? 0 : this.#sum(entry);
    } finally {
      table.lock.release();
    }
  }

  /**
   * Gives back all that the dead thread of `slot` held. O(keys in the zone).
   *
   * @returns false when the lock could not be had within `patienceMs`, and nothing was done
   */
  giveBack(slot: number, patienceMs: number): boolean {
    const table = this.table;
    if (!table.lock.tryAcquire(patienceMs)) return false;
    try {
      for (let entry = table.oldest(); entry !== NONE; ) {
        const next = table.newer(entry);
        table.ints[table.intAt(entry) + slot] = 0;
        // It also finds an entry that the thread made and died before it counted.
        if (this.#sum(entry) === 0) table.remove(entry);
        entry = next;
      }
      return true;
    } finally {
      table.lock.release();
    }
  }

  #sum(entry: number): number {
    const at = this.table.intAt(entry);
    let sum = 0;
    for (let slot = 0; slot < this.#slots; slot++) sum += this.table.ints[at + slot]!;
    return sum;
  }
}
