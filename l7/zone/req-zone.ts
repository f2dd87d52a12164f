/** The leaky buckets of one limit_req_zone: the excess of each key, in thousandths of a request. */
import { NONE, openZone, type ZoneTable } from './table.ts';

/** What an entry of such a zone holds, for createZone(); a client's IPv4 address fits into one cache line. */
export const REQ_SHAPE = { keyBytesMax: 16, floats: 2, ints: 0 } as const;

/** Of a zone that other moats know, too: what they were not told yet. */
export const SHARED_REQ_SHAPE = { ...REQ_SHAPE, floats: 3 } as const;

/** Float64 cells of an entry. */
const EXCESS = 0;
const LAST_MS = 1;
const UNTOLD = 2;

/** One request adds this much. */
const REQUEST = 1000;
/** A clock that went back further than this was set anew; up to it, it only stands still for a while. */
const CLOCK_STEP_MS = 60_000;
/** An empty bucket is forgotten after this time. */
const IDLE_MS = 60_000;

/**
 * One thread's view of the zone, with nginx's ngx_http_limit_req_module semantics.
 * Times are whole ms of one clock for all threads.
 */
export class ReqZone {
  /** In thousandths of a request per second: 1000 is 1 r/s. */
  readonly rate: number;
  readonly table: ZoneTable;
  /** Of the last call, in thousandths of a request. */
  excess = 0;
  #elapsedMs = 0;
  #checked = NONE;
  #generation = 0;
  readonly #isShared: boolean;

  /**
   * @param sab made by `createZone(bytes, REQ_SHAPE)`, or with a larger keyBytesMax
   * @param rate thousandths of a request per second, whole, at least 1; `30r/m` is 500
   * @param owner `ownerOf(threadId)`
   */
  constructor(sab: SharedArrayBuffer, rate: number, owner: number) {
    this.table = openZone(sab, { owner });
    this.rate = rate;
    this.#isShared = this.table.floatCount === SHARED_REQ_SHAPE.floats;
  }

  /** Whether one more request of `key` stays within `burst` (thousandths); counts it if so. */
  charge(key: string, burst: number, nowMs: number): boolean {
    this.table.lock.acquire();
    try {
      const entry = this.#enter(key, nowMs);
      this.#leak(entry, nowMs);
      if (this.excess > burst) return false;
      this.#count(entry, nowMs);
      return true;
    } finally {
      this.table.lock.release();
    }
  }

  /** As charge(), but counts nothing yet: settle() does, once the other limits of the request agree. */
  check(key: string, burst: number, nowMs: number): boolean {
    this.table.lock.acquire();
    try {
      const entry = this.#enter(key, nowMs);
      this.#leak(entry, nowMs);
      this.#checked = entry;
      this.#generation = this.table.generation(entry);
      return this.excess <= burst;
    } finally {
      this.table.lock.release();
    }
  }

  /** Counts the request last checked; others may have come between, so the excess is reckoned anew. */
  settle(key: string, nowMs: number): void {
    this.table.lock.acquire();
    try {
      const stale = this.table.generation(this.#checked) !== this.#generation;
      const entry = stale ? this.#enter(key, nowMs) : this.#checked;
      this.#leak(entry, nowMs);
      this.#count(entry, nowMs);
    } finally {
      this.table.lock.release();
    }
  }

  /**
   * Counts requests that another moat has let through. Lock held.
   *
   * @param amount thousandths, at least one request
   * @param agoMs when that was: what has leaked since is not counted
   */
  add(key: string, isDigest: boolean, amount: number, nowMs: number, agoMs = 0): void {
    const entry = this.#enter(key, nowMs, isDigest);
    const lastMs = this.table.floats[this.table.floatAt(entry) + LAST_MS]!;
    const thenMs = nowMs - agoMs;
    if (agoMs === 0 || lastMs <= thenMs) {
      this.#leak(entry, thenMs);
      this.#set(entry, this.excess + amount - REQUEST, thenMs);
    } else {
      const rest = amount - this.#leaked(lastMs - thenMs);
      if (rest > 0) this.#set(entry, this.table.floats[this.table.floatAt(entry) + EXCESS]! + rest, lastMs);
    }
  }

  /** Another moat counted so much `agoMs` ago: what has gone by unheard is made up for. Lock held. */
  raise(key: string, isDigest: boolean, then: number, nowMs: number, agoMs = 0): void {
    const excess = then - this.#leaked(agoMs);
    if (excess <= 0) return;
    const entry = this.#enter(key, nowMs, isDigest);
    if (excess > this.excessNow(entry, nowMs)) this.#set(entry, excess, nowMs);
  }

  /** What is counted of an entry now. Lock held. */
  excessNow(entry: number, nowMs: number): number {
    const { floats } = this.table;
    const at = this.table.floatAt(entry);
    const passedMs = Math.max(0, nowMs - floats[at + LAST_MS]!);
    return Math.max(0, floats[at + EXCESS]! - this.#leaked(passedMs));
  }

  /** What the others do not know of an entry. Lock held. */
  untold(entry: number): number {
    return this.table.floats[this.table.floatAt(entry) + UNTOLD]!;
  }

  /** They are told. Lock held. */
  settleUntold(entry: number): void {
    this.table.floats[this.table.floatAt(entry) + UNTOLD] = 0;
  }

  #set(entry: number, excess: number, nowMs: number): void {
    const { floats } = this.table;
    const at = this.table.floatAt(entry);
    floats[at + EXCESS] = excess;
    floats[at + LAST_MS] = nowMs;
  }

  /** The key's entry, made the newest. */
  #enter(key: string, nowMs: number, isDigest = false): number {
    const table = this.table;
    const known = isDigest ? table.findDigest(key, nowMs) : table.find(key, nowMs);
    if (known !== NONE) {
      table.touch(known, nowMs);
      return known;
    }
    this.#makeRoom(nowMs);
    const entry = table.insert(nowMs);
    table.floats[table.floatAt(entry) + LAST_MS] = -Infinity; // so that its first excess comes out as 0
    return entry;
  }

  /** Two idle entries go for each new one; a full zone gives up its oldest, idle or not. */
  #makeRoom(nowMs: number): void {
    this.#dropIdle(nowMs);
    if (!this.table.isFull()) return;
    this.table.evict(this.table.oldest());
    this.#dropIdle(nowMs);
  }

  #dropIdle(nowMs: number): void {
    for (let i = 0; i < 2; i++) {
      const entry = this.table.oldest();
      if (entry === NONE || !this.#isIdle(entry, nowMs)) return;
      this.table.remove(entry);
    }
  }

  #isIdle(entry: number, nowMs: number): boolean {
    const { floats } = this.table;
    const at = this.table.floatAt(entry);
    const idleMs = Math.abs(nowMs - floats[at + LAST_MS]!);
    return idleMs >= IDLE_MS && floats[at + EXCESS]! <= this.#leaked(idleMs);
  }

  /** Sets `excess` to what it would be with one more request now. */
  #leak(entry: number, nowMs: number): void {
    const { floats } = this.table;
    const at = this.table.floatAt(entry);
    const passedMs = nowMs - floats[at + LAST_MS]!;
    this.#elapsedMs = passedMs >= 0 ? passedMs : passedMs < -CLOCK_STEP_MS ? 1 : 0;
    const excess = floats[at + EXCESS]! - this.#leaked(this.#elapsedMs) + REQUEST;
    this.excess = Math.max(excess, 0);
  }

  #leaked(elapsedMs: number): number {
    return Math.floor((this.rate * elapsedMs) / 1000);
  }

  #count(entry: number, nowMs: number): void {
    const { floats } = this.table;
    const at = this.table.floatAt(entry);
    floats[at + EXCESS] = this.excess;
    if (this.#elapsedMs !== 0) floats[at + LAST_MS] = nowMs;
    if (this.#isShared) floats[at + UNTOLD] = floats[at + UNTOLD]! + REQUEST;
  }
}
