/** A keyed table in shared memory: fixed size, least recently used order, expiry, and no allocation per operation. */
import { firstOf, linkBucket, linkFree, linkNewest, unlinkAge, unlinkBucket } from './chain.ts';
import { isDigestMark, KeyPacker, LENGTH } from './key.ts';
import { ENTRY, HEAD, HEAD_FLOAT, requireZone } from './layout.ts';
import { Lock } from './lock.ts';
import { rebuild } from './rebuild.ts';

export { createZone, type Shape } from './layout.ts';

/** No entry: what find() and insert() answer when there is none. */
export const NONE = 0;

export type ZoneUse = {
  /** `ownerOf(threadId)` of the thread that opens the zone. */
  readonly owner: number;
  /** An entry untouched for this long is as good as absent; 0 or absent: entries do not age. */
  readonly expireMs?: number;
  /** What insert() does when all entries are taken: `evict` the least recently used (default), or `refuse`. */
  readonly whenFull?: 'evict' | 'refuse';
};

/** Opens a zone made by `createZone()`, in any thread. @throws {TypeError} when the memory is not such a zone */
export function openZone(sab: SharedArrayBuffer, use: ZoneUse): ZoneTable {
  return new ZoneTable(sab, use);
}

/**
 * One thread's view of a zone. Each operation is O(1).
 *
 * An entry's handle is the index of its first cell in `ints`, never 0 (`NONE`). Its values are
 * `floats[floatAt(entry) + i]` and `ints[intAt(entry) + i]`, 0 when new. Everything but `lock` itself,
 * `capacity` and the counts is done while `lock` is held, and handles mean nothing after it is released
 * unless their `generation()` is still the same.
 *
 * Times are whole ms of one clock for all threads (not `performance.now()`, which starts anew in each).
 */
export class ZoneTable {
  readonly lock: Lock;
  readonly ints: Int32Array;
  readonly floats: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #key: KeyPacker;
  readonly #end: number;
  readonly #stride: number;
  readonly #intOffset: number;
  readonly #keyOffset: number;
  readonly #expireMs: number;
  readonly #evicts: boolean;

  constructor(sab: SharedArrayBuffer, use: ZoneUse) {
    const ints = new Int32Array(sab);
    requireZone(ints);
    this.ints = ints;
    this.floats = new Float64Array(sab);
    this.#bytes = new Uint8Array(sab);
    this.lock = new Lock(ints, HEAD.lock, use.owner);
    this.#key = new KeyPacker(ints[HEAD.keyBytesMax]!, ints[HEAD.secret0]!, ints[HEAD.secret1]!);
    this.#end = ints[HEAD.end]!;
    this.#stride = ints[HEAD.stride]!;
    this.#intOffset = ENTRY.values + 2 * ints[HEAD.floats]!;
    this.#keyOffset = this.#intOffset + ints[HEAD.ints]!;
    this.#expireMs = use.expireMs ?? 0;
    this.#evicts = use.whenFull !== 'refuse';
  }

  /** Entries the zone has room for. */
  get capacity(): number {
    return (this.#end - this.ints[HEAD.entriesAt]!) / this.#stride;
  }

  /** Int32 values of an entry. */
  get intCount(): number {
    return this.ints[HEAD.ints]!;
  }

  /** Float64 values of an entry. */
  get floatCount(): number {
    return this.ints[HEAD.floats]!;
  }

  /** Entries in use. */
  get size(): number {
    return this.ints[HEAD.count]!;
  }

  /** Entries that had to make room for others, since the zone was made. */
  get evictions(): number {
    return this.floats[HEAD_FLOAT.evicted]!;
  }

  /** Entries removed because their time was over, since the zone was made. */
  get expirations(): number {
    return this.floats[HEAD_FLOAT.expired]!;
  }

  /** Index in `floats` of the entry's first Float64 value. */
  floatAt(entry: number): number {
    return (entry + ENTRY.values) >> 1;
  }

  /** Index in `ints` of the entry's first Int32 value. */
  intAt(entry: number): number {
    return entry + this.#intOffset;
  }

  /** Changes when the entry is removed, and never otherwise: a handle kept over a release of the lock shows itself stale. */
  generation(entry: number): number {
    return this.ints[entry + ENTRY.generation]!;
  }

  /** When the entry was last touched, in ms. */
  touchedMs(entry: number): number {
    return this.floats[(entry + ENTRY.touched) >> 1]!;
  }

  /** The key of an entry (latin1); of one that was too long for the zone, its digest. */
  key(entry: number): string {
    const length = (this.ints[entry + ENTRY.mark]! & LENGTH) - 1;
    let key = '';
    for (let at = 0; at < length; at++) {
      const word = this.ints[entry + this.#keyOffset + (at >> 2)]!;
      key += String.fromCharCode((word >>> (8 * (at & 3))) & 255);
    }
    return key;
  }

  /** The bytes of the entry's key, or of its digest: where they lie, good while the lock is held. */
  keyBytes(entry: number): Uint8Array {
    const at = (entry + this.#keyOffset) * 4;
    return this.#bytes.subarray(at, at + (this.ints[entry + ENTRY.mark]! & LENGTH) - 1);
  }

  /** Whether the key was too long to be kept. */
  hasDigest(entry: number): boolean {
    return isDigestMark(this.ints[entry + ENTRY.mark]!);
  }

  /** As find(), for a key that is known by its digest alone. */
  findDigest(digest: string, nowMs: number): number {
    this.#key.packDigest(digest);
    return this.#alive(nowMs);
  }

  /** The entry of `key` (latin1), or NONE. One that is past its time is removed. Does not touch the entry. */
  find(key: string, nowMs: number): number {
    this.#key.pack(key);
    return this.#alive(nowMs);
  }

  #alive(nowMs: number): number {
    const entry = this.#lookUp();
    if (entry === NONE || !this.#isOver(entry, nowMs)) return entry;
    this.#expire(entry);
    return NONE;
  }

  /**
   * Makes an entry for the key that find() has just not found, as the newest; values are 0.
   *
   * @returns NONE when the zone is full and refuses
   */
  insert(nowMs: number): number {
    const ints = this.ints;
    const entry = this.#allocate(nowMs);
    if (entry === NONE) return NONE;
    this.#fill(entry);
    this.floats[(entry + ENTRY.touched) >> 1] = nowMs;
    ints[entry + ENTRY.hash] = this.#key.hash;
    ints[entry + ENTRY.mark] = this.#key.mark;
    linkBucket(ints, entry);
    linkNewest(ints, entry);
    ints[HEAD.count] = ints[HEAD.count]! + 1;
    return entry;
  }

  /** Makes the entry the newest, and renews its time. */
  touch(entry: number, nowMs: number): void {
    this.floats[(entry + ENTRY.touched) >> 1] = nowMs;
    if (this.ints[HEAD.newest] === entry) return;
    unlinkAge(this.ints, entry);
    linkNewest(this.ints, entry);
  }

  /** Gives the entry's room back. */
  remove(entry: number): void {
    const ints = this.ints;
    ints[entry + ENTRY.generation] = (ints[entry + ENTRY.generation]! + 1) | 0;
    ints[entry + ENTRY.mark] = 0;
    unlinkBucket(ints, entry);
    unlinkAge(ints, entry);
    linkFree(ints, entry);
    ints[HEAD.count] = ints[HEAD.count]! - 1;
  }

  /** Removes the entry to make room, and counts it as evicted. */
  evict(entry: number): void {
    this.remove(entry);
    this.floats[HEAD_FLOAT.evicted] = this.floats[HEAD_FLOAT.evicted]! + 1;
  }

  /** The least recently touched entry, or NONE. */
  oldest(): number {
    return this.ints[HEAD.oldest]!;
  }

  /** The next newer entry, or NONE: with `oldest()`, a walk over all of them. */
  newer(entry: number): number {
    return this.ints[entry + ENTRY.newer]!;
  }

  /** The most recently touched entry, or NONE. */
  newest(): number {
    return this.ints[HEAD.newest]!;
  }

  /** The next older entry, or NONE. */
  older(entry: number): number {
    return this.ints[entry + ENTRY.older]!;
  }

  /** The next entry in memory after this one, or NONE; `NONE` gives the first. Entries keep their place: such a walk may pause. */
  after(entry: number): number {
    const { ints } = this;
    let next = entry === NONE ? ints[HEAD.entriesAt]! : entry + this.#stride;
    while (next < ints[HEAD.fresh]! && ints[next + ENTRY.mark] === 0) next += this.#stride;
    return next < ints[HEAD.fresh]! ? next : NONE;
  }

  /** Whether insert() would have to evict or refuse. */
  isFull(): boolean {
    return this.ints[HEAD.free] === NONE && this.ints[HEAD.fresh]! >= this.#end;
  }

  /** Removes at most `most` entries whose time is over, oldest first; says how many. */
  sweep(nowMs: number, most: number): number {
    let swept = 0;
    for (; swept < most; swept++) {
      const entry = this.oldest();
      if (entry === NONE || !this.#isOver(entry, nowMs)) break;
      this.#expire(entry);
    }
    return swept;
  }

  /**
   * Called for each dead thread, once it runs no more and without the lock: if it died within a section,
   * the table is put in order again and the lock freed. The section's own writes to values may be half done.
   *
   * @returns whether the dead thread held the lock
   */
  recover(dead: number): boolean {
    if (!this.lock.takeFrom(dead)) return false;
    rebuild(this.ints, this.floats);
    this.lock.release();
    return true;
  }

  #lookUp(): number {
    const { hash, mark } = this.#key;
    const ints = this.ints;
    let entry = firstOf(ints, hash);
    while (entry !== NONE) {
      if (ints[entry + ENTRY.hash] === hash && ints[entry + ENTRY.mark] === mark && this.#sameKey(entry))
        return entry;
      entry = ints[entry + ENTRY.next]!;
    }
    return NONE;
  }

  #sameKey(entry: number): boolean {
    const { words, count } = this.#key;
    const at = entry + this.#keyOffset;
    for (let i = 0; i < count; i++) if (this.ints[at + i] !== words[i]) return false;
    return true;
  }

  /** Loops: for a few cells they take a fraction of the time of the calls `fill()` and `set()`. */
  #fill(entry: number): void {
    const ints = this.ints;
    const keyAt = entry + this.#keyOffset;
    for (let i = entry + ENTRY.values; i < keyAt; i++) ints[i] = 0;
    const { words, count } = this.#key;
    for (let i = 0; i < count; i++) ints[keyAt + i] = words[i]!;
  }

  #isOver(entry: number, nowMs: number): boolean {
    return this.#expireMs > 0 && nowMs - this.touchedMs(entry) >= this.#expireMs;
  }

  #expire(entry: number): void {
    this.remove(entry);
    this.floats[HEAD_FLOAT.expired] = this.floats[HEAD_FLOAT.expired]! + 1;
  }

  /** Two past their time go at each insertion, so that a zone at rest empties as fast as it fills. */
  #allocate(nowMs: number): number {
    if (this.#expireMs > 0) this.sweep(nowMs, 2);
    if (this.isFull()) {
      if (!this.#evicts) return NONE;
      this.evict(this.oldest());
    }
    return this.#take();
  }

  #take(): number {
    const ints = this.ints;
    const freed = ints[HEAD.free]!;
    if (freed !== NONE) {
      ints[HEAD.free] = ints[freed + ENTRY.next]!;
      return freed;
    }
    const fresh = ints[HEAD.fresh]!;
    ints[HEAD.fresh] = fresh + this.#stride;
    return fresh;
  }
}
