/** A lock for threads that share memory: spins a little, then sleeps, and outlives an owner that died with it. */

/** The cell's value is `owner * 2`, plus one while somebody sleeps on it; 0 is free. */
const FREE = 0;
const SLEEPERS = 1;
/** Sections under this lock last well under a microsecond, so most waits end within these few pauses. */
const SPINS = 64;
/** The longest sleep without another look: a wake-up is lost when its sender dies before it sends. */
const NAP_MS = 20;
/** A section held this long is a fault: an error for one request is better than a thread that hangs. */
const PATIENCE_MS = 10_000;

/** The id with which a thread locks: never 0, and never given twice in a process. */
export function ownerOf(threadId: number): number {
  return threadId + 1;
}

/**
 * One lock in one Int32 cell of a SharedArrayBuffer. It may be used on the main thread too.
 * A section must not yield to the event loop, and not lock again: the lock is not re-entrant.
 */
export class Lock {
  readonly #cells: Int32Array;
  readonly #at: number;
  readonly #owner: number;

  /** `owner` is `ownerOf(threadId)` of the thread that holds this object; the cell starts as 0. */
  constructor(cells: Int32Array, at: number, owner: number) {
    this.#cells = cells;
    this.#at = at;
    this.#owner = owner;
  }

  /** Takes the lock. @throws {Error} when it could not be had within 10 s, or when this thread has it already */
  acquire(): void {
    if (Atomics.compareExchange(this.#cells, this.#at, FREE, this.#owner << 1) === FREE) return;
    if (!this.#contend(PATIENCE_MS))
      throw new Error(`Lock held by thread ${this.#holder() - 1} for ${PATIENCE_MS} ms`);
  }

  /** Takes the lock within `patienceMs`, or answers false. The supervisor's way: it must get back to its events. */
  tryAcquire(patienceMs: number): boolean {
    if (Atomics.compareExchange(this.#cells, this.#at, FREE, this.#owner << 1) === FREE) return true;
    return this.#contend(patienceMs);
  }

  /** Gives the lock back; only its owner may. */
  release(): void {
    if (Atomics.exchange(this.#cells, this.#at, FREE) & SLEEPERS) Atomics.notify(this.#cells, this.#at, 1);
  }

  /**
   * Takes the lock over from `dead`, a thread that runs no more; false when `dead` does not hold it.
   * The new owner mends what the section left half done, then calls `release()`.
   */
  takeFrom(dead: number): boolean {
    for (;;) {
      const seen = Atomics.load(this.#cells, this.#at);
      if (seen >> 1 !== dead) return false;
      const mine = (this.#owner << 1) | SLEEPERS;
      if (Atomics.compareExchange(this.#cells, this.#at, seen, mine) === seen) return true;
    }
  }

  /** Frees the lock if `dead`, a thread that runs no more, holds it; says whether it did. */
  releaseOwnedBy(dead: number): boolean {
    const held = this.takeFrom(dead);
    if (held) this.release();
    return held;
  }

  #holder(): number {
    return Atomics.load(this.#cells, this.#at) >> 1;
  }

  #contend(patienceMs: number): boolean {
    if (this.#holder() === this.#owner) throw new Error('Lock taken twice by the same thread');
    for (let spin = 0; spin < SPINS; spin++) {
      Atomics.pause();
      if (Atomics.load(this.#cells, this.#at) !== FREE) continue;
      if (Atomics.compareExchange(this.#cells, this.#at, FREE, this.#owner << 1) === FREE) return true;
    }
    return this.#sleep(performance.now() + patienceMs);
  }

  /** Who slept may not be the last sleeper, so the lock is taken with the mark on; one wake-up too many does no harm. */
  #sleep(deadlineMs: number): boolean {
    for (;;) {
      const seen = Atomics.compareExchange(this.#cells, this.#at, FREE, (this.#owner << 1) | SLEEPERS);
      if (seen === FREE) return true;
      const marked = seen | SLEEPERS;
      if (seen !== marked && Atomics.compareExchange(this.#cells, this.#at, seen, marked) !== seen) continue;
      if (performance.now() >= deadlineMs) return false;
      Atomics.wait(this.#cells, this.#at, marked, NAP_MS);
    }
  }
}
