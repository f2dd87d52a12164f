/** Questions over a channel of messages, matched with their answers: control and a process of a plane, that and its threads. */

/** A message that wants an answer with the same `id`. */
export type Question<Q> = Q & { readonly id: number };

export interface Answer {
  readonly id: number;
  /** Why it was refused; then there is no value. */
  readonly fault?: string | undefined;
  readonly value?: unknown;
}

/** What comes without having been asked for. */
interface News<N> {
  readonly news: N;
}

/** What one end sends: `Q` is what it may ask, `N` what it says unasked. */
export type Said<Q, N = never> = Question<Q> | Answer | News<N>;

/** One end of a channel. Both ends may ask. */
export class Line<Q extends object, N = never> {
  readonly #send: (message: Said<Q, N>) => void;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #next = 1;

  constructor(send: (message: Said<Q, N>) => void) {
    this.#send = send;
  }

  /**
   * Sends a question. `A` is what the other end answers to it.
   *
   * @throws {Error} with the fault that the other end names, or when it is gone
   */
  ask<A = void>(question: Q): Promise<A> {
    const id = this.#next++;
    const settled = Promise.withResolvers<unknown>();
    this.#open.set(id, settled);
    this.#send({ ...question, id });
    return settled.promise as Promise<A>;
  }

  /** Says something that wants no answer. */
  tell(news: N): void {
    this.#send({ news });
  }

  /**
   * Takes what the other end says.
   *
   * @param work does what it asks, and gives the answer
   * @param hear takes its news
   */
  take<Asked extends { readonly kind: string }, Told>(
    message: Said<Asked, Told>,
    work: (question: Asked) => unknown,
    hear: (news: Told) => void = () => {},
  ): void {
    if ('news' in message) hear(message.news);
    else if ('kind' in message) void this.#answer(message.id, () => work(message));
    else this.settle(message);
  }

  async #answer(id: number, work: () => unknown): Promise<void> {
    try {
      this.#send({ id, value: await work() });
    } catch (fault) {
      this.#send({ id, fault: fault instanceof Error ? fault.message : String(fault) });
    }
  }

  /** An answer to a question that was never asked is dropped. */
  settle(answer: Answer): void {
    const settled = this.#open.get(answer.id);
    this.#open.delete(answer.id);
    if (answer.fault === undefined) settled?.resolve(answer.value);
    else settled?.reject(new Error(answer.fault));
  }

  /** The other end is gone: nobody will answer. */
  break(why: string): void {
    for (const settled of this.#open.values()) settled.reject(new Error(why));
    this.#open.clear();
  }
}
