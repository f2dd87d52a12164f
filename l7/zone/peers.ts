/** What all threads know about the members of a pool: load, health, times and counts, exact across threads. */
import { Lock } from './lock.ts';
import { invert, match, numbered } from './mapping.ts';
import {
  COUNT,
  COUNTS,
  createColumns,
  PeerColumns,
  type PeerCount,
  type SharedPeers,
} from './peer-columns.ts';

export { COUNT, type PeerCount, type SharedPeers } from './peer-columns.ts';

/** Bits of a member's state. What each of them allows is the balancer's matter; 0 is healthy and in use. */
export const STATE = {
  /** By configuration or by hand. */
  down: 1,
  /** Gets no new sessions; those it has go on. */
  drain: 2,
  /** By active health checks. */
  unhealthy: 4,
  /** By outlier detection, until `ejectedUntilMs`. */
  ejected: 8,
  /** Not checked yet, in a pool whose members must pass a check first. */
  unchecked: 16,
} as const;

/** Int32 cells of the head. */
const LOCK = 0;
const TURN = 16;
/** Changes whenever a request leaves a member of a pool that has a queue. */
const FREED = 17;

/**
 * One thread's view of a pool. Members are chosen while `lock` is held, so that a choice and what it changes are one
 * step for all threads. Methods need no lock unless they say so; none allocates except where it reads or reloads.
 * Times are ms of one clock for all threads.
 */
export class Peers extends PeerColumns {
  /** Makes the memory of a pool. `weights[member]` is 1..65535; `slots` is the number of threads. */
  static create(names: readonly string[], weights: readonly number[], slots: number): SharedPeers {
    const shared = createColumns(names, slots);
    const columns = new PeerColumns(shared);
    columns.weight.set(weights);
    columns.effectiveWeight.set(weights);
    return shared;
  }

  readonly names: readonly string[];
  readonly lock: Lock;
  readonly #slot: number;
  readonly #slots: number;
  readonly #row: number;
  #heir: Peers | undefined;
  #heirIndexes: readonly number[] = [];
  #elder: Peers | undefined;
  #elderIndexes: readonly number[] = [];

  /** `slot` is this thread's own, 0 <= slot < slots; `owner` is `ownerOf(threadId)`. */
  constructor(shared: SharedPeers, slot: number, owner: number) {
    super(shared);
    if (slot >= shared.slots) throw new RangeError(`Slot ${slot} in a pool of ${shared.slots} slots`);
    this.names = shared.names;
    this.lock = new Lock(this.head, LOCK, owner);
    this.#slot = slot;
    this.#slots = shared.slots;
    this.#row = slot * this.rowLength;
  }

  /**
   * The bits of STATE that are set. A plain read: who chooses a member has just taken the lock, which orders it, and a scan over
   * 100 members takes 1.6 µs in place of 2.6 (November 2026, bench of a choice by turns).
   */
  state(member: number): number {
    return this.states[member]!;
  }

  /** Sets bits of the state; says whether one of them was new, so that one thread alone reports the change. */
  raise(member: number, bits: number): boolean {
    return (Atomics.or(this.states, member, bits) & bits) !== bits;
  }

  /** Clears bits of the state; says whether one of them was set. */
  clear(member: number, bits: number): boolean {
    return (Atomics.and(this.states, member, ~bits) & bits) !== 0;
  }

  /**
   * Requests in flight to the member, from all threads. O(slots), mostly within one cache line.
   * The sum is stored nowhere: a thread may die between any two writes, and one number cannot be half done.
   */
  inFlight(member: number): number {
    const heirIndex = this.#heir === undefined ? -1 : this.#heirIndexes[member]!;
    return heirIndex < 0 ? this.#inFlightHere(member) : this.#heir!.inFlight(heirIndex);
  }

  #inFlightHere(member: number): number {
    const elderIndex = this.#elder === undefined ? -1 : this.#elderIndexes[member]!;
    let sum = elderIndex < 0 ? 0 : this.#elder!.#inFlightHere(elderIndex);
    const first = member * this.laneLength;
    for (let slot = 0; slot < this.#slots; slot++) sum += this.lanes[first + slot]!;
    return sum;
  }

  /** Counts a request to the member as in flight. */
  begin(member: number): void {
    const heirIndex = this.#heir === undefined ? -1 : this.#heirIndexes[member]!;
    if (heirIndex >= 0) {
      this.#heir!.begin(heirIndex);
      return;
    }
    const lane = member * this.laneLength + this.#slot;
    this.lanes[lane] = this.lanes[lane]! + 1;
  }

  /** As begin(), unless `most` are in flight already (0: no limit); says whether it was counted. Needs the lock. */
  tryBegin(member: number, most: number): boolean {
    if (most > 0 && this.inFlight(member) >= most) return false;
    this.begin(member);
    return true;
  }

  /** Ends what begin() counted in this thread, once. */
  end(member: number): void {
    const heirIndex = this.#heir === undefined ? -1 : this.#heirIndexes[member]!;
    if (heirIndex >= 0) {
      this.#heir!.end(heirIndex);
      return;
    }
    const lane = member * this.laneLength + this.#slot;
    this.lanes[lane] = this.lanes[lane]! - 1;
  }

  /** A number that no other call gets (it wraps at 2^32): whose turn it is among equals. */
  nextTurn(): number {
    return Atomics.add(this.head, TURN, 1) >>> 0;
  }

  /** Tells all threads whose seekers queue that a member may have room again. */
  announceRoom(): void {
    if (this.#heir) {
      this.#heir.announceRoom();
      return;
    }
    Atomics.add(this.head, FREED, 1);
    Atomics.notify(this.head, FREED);
  }

  /** Resolves when another thread announces room, or after `limitMs`. */
  async awaitRoom(limitMs: number): Promise<void> {
    if (this.#heir) return this.#heir.awaitRoom(limitMs);
    const wait = Atomics.waitAsync(this.head, FREED, Atomics.load(this.head, FREED), limitMs);
    if (wait.async) await wait.value;
  }

  /**
   * Blends a request's times into the member's averages; the first ones are taken as they are. Needs the lock.
   *
   * @param share part of the new value in the average, above 0, at most 1
   */
  blendTimes(member: number, headerMs: number, responseMs: number, share: number): void {
    blend(this.headerMs, member, headerMs, share);
    blend(this.responseMs, member, responseMs, share);
  }

  /** Adds to one of this thread's counts of the member. */
  count(member: number, what: PeerCount, n: number): void {
    const heirIndex = this.#heir === undefined ? -1 : this.#heirIndexes[member]!;
    if (heirIndex >= 0) {
      this.#heir!.count(heirIndex, what, n);
      return;
    }
    const at = this.#row + member * COUNTS + what;
    this.counts[at] = this.counts[at]! + n;
  }

  /** A count of the member, of all threads together. O(slots). */
  sum(member: number, what: PeerCount): number {
    const heirIndex = this.#heir === undefined ? -1 : this.#heirIndexes[member]!;
    return heirIndex < 0 ? this.#sumHere(member, what) : this.#heir!.sum(heirIndex, what);
  }

  #sumHere(member: number, what: PeerCount): number {
    const elderIndex = this.#elder === undefined ? -1 : this.#elderIndexes[member]!;
    let sum = elderIndex < 0 ? 0 : this.#elder!.#sumHere(elderIndex, what);
    for (let at = member * COUNTS + what; at < this.counts.length; at += this.rowLength)
      sum += this.counts[at]!;
    return sum;
  }

  /**
   * For the supervisor, once, before a thread uses the new pool: carries health, times and weakened weights over from
   * the pool before a reload, for members of the same name. State bits come along; those that the
   * configuration sets are the caller's to set anew.
   */
  adopt(old: Peers): void {
    match(numbered(this.names), numbered(old.names)).forEach((from, member) => {
      if (from < 0) return;
      this.raise(member, old.state(from));
      for (const column of CARRIED_INTS) this[column][member] = old[column][from]!;
      for (const column of CARRIED) this[column][member] = old[column][from]!;
      if (this.weight[member] === old.weight[from]) this.effectiveWeight[member] = old.effectiveWeight[from]!;
    });
  }

  /**
   * For each thread, once, when it changes over to the new pool: what it has in flight and has counted moves here,
   * and what it still begins, ends and counts at members of `old` that live on comes here too. Until `settle()`,
   * sums include what other threads have not moved yet. All threads inherit from the same two memories.
   */
  inherit(old: Peers): void {
    this.#elder = old;
    this.#elderIndexes = match(numbered(this.names), numbered(old.names));
    this.#move(old, old.#slot);
    old.#heir = this;
    old.#heirIndexes = invert(this.#elderIndexes, old.names.length);
  }

  /** All threads have inherited: the old memory is let go. */
  settle(): void {
    this.#elder = undefined;
  }

  /** What the dead thread of `slot` had in flight is in flight no more, and waits no more; its other counts stay. */
  giveBack(slot: number): void {
    if (this.#elder !== undefined) {
      this.#elder.giveBack(slot);
      this.#move(this.#elder, slot);
    }
    for (let member = 0; member < this.names.length; member++) {
      this.lanes[member * this.laneLength + slot] = 0;
      const first = slot * this.rowLength + member * COUNTS;
      this.counts[first + COUNT.waiting] = this.counts[first + COUNT.waitingSinceMs] = 0;
    }
  }

  /** Called for each dead thread: frees the lock if it died with it. Running weights begin anew: they may be half done. */
  recover(dead: number): boolean {
    if (!this.lock.takeFrom(dead)) return false;
    this.currentWeight.fill(0);
    this.lock.release();
    return true;
  }

  /** Moves what belongs to `slot`; its thread is this one, or dead. */
  #move(elder: Peers, slot: number): void {
    this.#elderIndexes.forEach((from, member) => {
      if (from < 0) return;
      const [toLane, fromLane] = [member * this.laneLength + slot, from * elder.laneLength + slot];
      this.lanes[toLane] = this.lanes[toLane]! + elder.lanes[fromLane]!;
      elder.lanes[fromLane] = 0;
      const to = slot * this.rowLength + member * COUNTS;
      const cell = slot * elder.rowLength + from * COUNTS;
      for (let what = 0; what < COUNTS; what++) {
        this.counts[to + what] = this.counts[to + what]! + elder.counts[cell + what]!;
        elder.counts[cell + what] = 0;
      }
    });
  }
}

/** Columns that a reload carries over as they are. */
const CARRIED_INTS = ['fails', 'faulty', 'ejections'] as const;
const CARRIED = [
  'failedMs',
  'checkedMs',
  'slowStartMs',
  'ejectedUntilMs',
  'headerMs',
  'responseMs',
  'peakMs',
  'peakAtMs',
] as const;

function blend(averages: Float64Array, member: number, value: number, share: number): void {
  const average = averages[member]!;
  averages[member] = average === 0 ? value : average + (value - average) * share;
}
