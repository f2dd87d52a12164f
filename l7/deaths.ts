/** What is remembered of worker threads that died: how often each was started anew, and whether they die too soon. */

/** A thread that dies sooner than this after its start is started anew only after a pause. */
const STABLE_MS = 5000;
/** So many such deaths in a row, and the process is better started anew as a whole: as root, with all that only root reads. */
const MOST_QUICK = 4;

export class Deaths {
  readonly #restarts = new Map<number, number>();
  #quick = 0;

  /** A worker's thread has died, so long after its start. */
  add(worker: number, livedMs: number): void {
    this.#restarts.set(worker, this.restartsOf(worker) + 1);
    this.#quick = livedMs < STABLE_MS ? this.#quick + 1 : 0;
  }

  restartsOf(worker: number): number {
    return this.#restarts.get(worker) ?? 0;
  }

  /** They die one after the other: the next one waits. */
  get wantPause(): boolean {
    return this.#quick > 1;
  }

  /** Starting threads anew is of no use. */
  get tooMany(): boolean {
    return this.#quick > MOST_QUICK;
  }
}
