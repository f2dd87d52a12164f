/** The entries of a zone, a turn at a time and under its lock: those that have changed, all of them, and what another node tells of them. */
import { NONE, type ZoneTable } from '../zone/table.ts';
import type { BodyReader } from './frame.ts';
import { ENTRIES_MOST } from './zone-share.ts';

const LOOKED_AT_MOST = 2 * ENTRIES_MOST;
/** When workers hold the lock for longer, the next turn does it. */
const LOCK_PATIENCE_MS = 2;
/** What has come is thrown away, and asked for anew, when the lock cannot be had within this time. */
const APPLY_PATIENCE_MS = 20;
/** Entries are in order but for so much: a thread reads the clock once for many requests, and the machine's may be set back a little. */
const DISORDER_MS = 1000;

export class ZoneWalk {
  /** Whether the last changed() could not get at all of it. */
  hasMore = false;
  readonly #table: ZoneTable;
  #lookedMs = 0;
  /** Up to where the memory is walked through; undefined: it is not. */
  #sweptTo: number | undefined;

  constructor(table: ZoneTable) {
    this.#table = table;
  }

  /**
   * What was touched since it was called last, the newest first. What are too many for that are found by a walk through the memory, a
   * piece in each turn.
   *
   * @param nowMs by the clock that entries are touched by
   * @param tell says whether it told of the entry; `full`: there is no more room, it is to be asked about this one in the next turn
   * @returns how many it told of, ENTRIES_MOST at most
   */
  changed(nowMs: number, tell: (entry: number) => boolean | 'full'): number {
    const table = this.#table;
    return this.#locked(LOCK_PATIENCE_MS, 0, () => {
      let told = 0;
      let looked = 0;
      let isFull = false;
      const ask = (entry: number): void => {
        const said = tell(entry);
        if (said === 'full') isFull = true;
        else if (said) told++;
      };
      let entry = table.newest();
      const goesOn = () => !isFull && told < ENTRIES_MOST && looked++ < LOOKED_AT_MOST;
      const isNews = () => entry !== NONE && table.touchedMs(entry) >= this.#lookedMs - DISORDER_MS;
      for (; isNews() && goesOn(); entry = table.older(entry)) ask(entry);
      // Those behind were looked at in the turn before, unless so many have changed since.
      if (isFull || (isNews() && table.touchedMs(entry) >= this.#lookedMs)) this.#sweptTo = NONE;
      this.#lookedMs = nowMs;
      looked = 0;
      while (this.#sweptTo !== undefined && goesOn()) {
        const next = table.after(this.#sweptTo);
        if (next !== NONE) ask(next);
        if (isFull) break;
        this.#sweptTo = next === NONE ? undefined : next;
      }
      this.hasMore = this.#sweptTo !== undefined;
      return told;
    });
  }

  /**
   * What there is behind the entry `from`, ENTRIES_MOST at most, and no more than `tell` has room for.
   *
   * @returns where to go on; undefined: that was all
   */
  all(from: number, tell: (entry: number) => unknown): number | undefined {
    const table = this.#table;
    return this.#locked(LOCK_PATIENCE_MS, from, () => {
      let last = from;
      for (let count = 0; count < ENTRIES_MOST; count++) {
        const entry = table.after(last);
        if (entry === NONE) return undefined;
        if (tell(entry) === 'full') return last;
        last = entry;
      }
      return table.after(last) === NONE ? undefined : last;
    });
  }

  /** Has `readOne` called for each entry that has come. @returns how many; undefined: the workers have the zone */
  take(reader: BodyReader, readOne: () => void): number | undefined {
    return this.#locked<number | undefined>(APPLY_PATIENCE_MS, undefined, () => {
      let count = 0;
      for (; reader.left > 0; count++) readOne();
      return count;
    });
  }

  #locked<T>(patienceMs: number, otherwise: T, work: () => T): T {
    const { lock } = this.#table;
    if (!lock.tryAcquire(patienceMs)) return otherwise;
    try {
      return work();
    } finally {
      lock.release();
    }
  }
}
