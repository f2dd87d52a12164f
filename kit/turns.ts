/** Work that must not overlap: each piece begins when the one before has ended, well or badly. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` after all that was asked for before; gives what it gives, throws what it throws. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {}); // whoever asked for the work hears of its fault
    return done;
  }
}
