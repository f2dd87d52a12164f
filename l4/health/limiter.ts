/** Lets only so many questions be under way; the others wait for their turn. */

export class Limiter {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= this.#most) await new Promise<void>(turn => this.#waiting.push(turn));
    else this.#underWay++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next)
        next(); // it has our place
      else this.#underWay--;
    }
  }
}
