/** Work that must not overlap, or of which only so much is done at a time: the rest waits in order. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param most pieces at a time */
  constructor(most = 1) {
    this.#free = most;
  }

  /** Runs `work` when it is its turn, when those before have ended, well or badly; gives what it gives, throws what it throws. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn().then(work);
    done.then(this.#leave, this.#leave); // whoever asked for the work hears of its fault
    return done;
  }

  #turn(): Promise<void> {
    if (this.#free === 0) return new Promise(go => this.#waiting.push(go));
    this.#free--;
    return Promise.resolve();
  }

  readonly #leave = (): void => {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  };
}
