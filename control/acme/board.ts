/** Answers that authorities may ask for now: those of all orders under way. */
import type { AcmeAnswer } from '#l7';

export class AnswerBoard {
  readonly #all = new Set<AcmeAnswer>();
  readonly #tell: (answers: readonly AcmeAnswer[]) => Promise<void>;

  /** @param tell takes all that hold; resolves when whoever may be asked knows them */
  constructor(tell: (answers: readonly AcmeAnswer[]) => Promise<void>) {
    this.#tell = tell;
  }

  get all(): readonly AcmeAnswer[] {
    return [...this.#all];
  }

  /** Resolves when they are given to whoever asks; until they are disposed of. */
  async hold(answers: readonly AcmeAnswer[]): Promise<AsyncDisposable> {
    for (const answer of answers) this.#all.add(answer);
    await this.#tell([...this.#all]);
    return {
      [Symbol.asyncDispose]: async () => {
        for (const answer of answers) this.#all.delete(answer);
        await this.#tell([...this.#all]);
      },
    };
  }
}
