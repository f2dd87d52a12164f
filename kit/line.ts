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
export interface News<N> {
  readonly news: N;
}

export const isNews = (message: object): message is News<unknown> => 'news' in message;

/** Both ends of a channel may ask: what comes in is a question, or the answer to one. */
export const isQuestion = <Q extends { readonly kind: string }>(
  message: Answer | Question<Q>,
): message is Question<Q> => 'kind' in message;

/** The asking end. */
export class Line<Q extends object> {
  readonly #send: (question: Question<Q>) => void;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #next = 1;

  constructor(send: (question: Question<Q>) => void) {
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

  /** Takes an answer; one to a question that was never asked is dropped. */
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

/** The answering end: works a question out and says what came of it. */
export async function answer(id: number, work: () => unknown, send: (answer: Answer) => void): Promise<void> {
  try {
    send({ id, value: await work() });
  } catch (fault) {
    send({ id, fault: fault instanceof Error ? fault.message : String(fault) });
  }
}
