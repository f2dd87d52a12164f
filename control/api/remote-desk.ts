/** The desk as the API process sees it: questions to control, few at a time, and the same one not twice. */
import type { Vocabulary } from '#config';
import type { ArchiveQuestion, ArchiveQuestions } from './desk/archives.ts';
import type { Asker, ReadName, Reads, ToControl, ToIdentity, Told, Wish } from './desk/questions.ts';
import { busy, Refusal } from './refusal.ts';
import type { IdentityQuestion, IdentityQuestions } from './user/questions.ts';

/** Control has other work: so many questions are with it at once, and so many wait. */
const MOST_OPEN = 8;
const MOST_WAITING = 128;
/** What was told is told again for so long, whoever asks how often. */
const FRESH_MS = 250;
const MOST_KEPT = 64;

type Ask = (question: ToControl | ToIdentity) => Promise<Told>;

interface Kept {
  readonly atMs: number;
  readonly answer: Promise<unknown>;
}

export class RemoteDesk {
  readonly #ask: Ask;
  #open = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #kept = new Map<string, Kept>();
  #language: Promise<Vocabulary> | undefined;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Of configurations: the same for as long as the program runs, so it is asked for once. @throws {Refusal} */
  language(): Promise<Vocabulary> {
    const asked = (this.#language ??= this.read('language', undefined));
    asked.catch(() => (this.#language = undefined));
    return asked;
  }

  /** @throws {Refusal} as control has it, or when too much is asked */
  read<K extends ReadName>(what: K, input: Reads[K]['input']): Promise<Reads[K]['output']> {
    const key = `${what} ${JSON.stringify(input)}`;
    const nowMs = performance.now();
    const known = this.#kept.get(key);
    if (known && nowMs - known.atMs < FRESH_MS) return known.answer as Promise<Reads[K]['output']>;
    const answer = this.#put({ kind: 'read', what, input });
    this.#kept.delete(key);
    this.#kept.set(key, { atMs: nowMs, answer });
    answer.catch(() => this.#kept.delete(key)); // who asked hears of it; who comes next asks anew
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return answer as Promise<Reads[K]['output']>;
  }

  /** @returns the state after it @throws {Refusal} when it is not done */
  async change(wish: Wish, asker: Asker): Promise<unknown> {
    try {
      return await this.#put({ kind: 'change', wish, asker });
    } finally {
      this.#kept.clear(); // what was told before is no longer so
    }
  }

  /** Writes into the audit log what is about to be done here. @throws {Refusal} then it is not to be done */
  async note(what: string, wish: unknown, asker: Asker): Promise<void> {
    await this.#put({ kind: 'note', what, wish, asker });
  }

  /** About archives. @throws {Refusal} */
  async archive<K extends ArchiveQuestion>(
    what: K,
    input: ArchiveQuestions[K]['input'],
    asker: Asker,
  ): Promise<ArchiveQuestions[K]['output']> {
    return (await this.#put({ kind: 'archive', what, input, asker })) as ArchiveQuestions[K]['output'];
  }

  /** About who is let in. @throws {Refusal} */
  async identity<K extends IdentityQuestion>(
    what: K,
    input: IdentityQuestions[K]['input'],
    asker: Asker,
  ): Promise<IdentityQuestions[K]['output']> {
    const question = { kind: 'identity', what, input, asker } as const;
    // A provider that hangs holds up nobody else: control bounds by itself how many ask for it.
    const asksProvider = what.startsWith('oidc-') || what === 'logout';
    const told = asksProvider ? answerOf(await this.#ask(question)) : await this.#put(question);
    return told as IdentityQuestions[K]['output'];
  }

  async #put(question: ToControl | ToIdentity): Promise<unknown> {
    if (this.#open >= MOST_OPEN) await this.#wait();
    else this.#open++;
    try {
      return answerOf(await this.#ask(question));
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#open--;
    }
  }

  /** Until somebody is done, whose place goes to the first who waits. */
  #wait(): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING) throw busy('the control plane has much to do: try again');
    return new Promise(resolve => this.#waiting.push(resolve));
  }
}

/** @throws {Refusal} */
function answerOf(told: Told): unknown {
  if ('refused' in told) throw new Refusal(told.refused);
  return told.value;
}
