/** Has a process of its own do what takes long; it ends when nothing was asked for a while, and is ended when it takes too long. */
import { fileURLToPath } from 'node:url';
import { AskedChild, type ChildLog } from '#kit/asked-child.ts';
import { Turns } from '#kit/turns.ts';
import { within } from '#kit/within.ts';
import { baseEnvironment } from '../../environment.ts';
import { busy, refuse } from '../refusal.ts';
import type { ClerkDemand, ClerkQuestion, ClerkQuestions, Whereabouts } from './questions.ts';

const ENTRY = fileURLToPath(new URL('./process.ts', import.meta.url));
const FLAGS = ['--max-old-space-size=512'];
/** One at a time; so many may wait. */
const MOST_WAITING = 8;
const PATIENCE_MS = 20_000;
const IDLE_MS = 10_000;

type Child = AskedChild<ClerkDemand, ChildLog>;

export class Clerk {
  readonly #say: (message: string) => void;
  readonly #turns = new Turns();
  #waiting = 0;
  #child: Child | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(say: (message: string) => void) {
    this.#say = say;
  }

  /** @throws {Refusal} when too many ask, or it takes too long @throws {Error} with what the clerk says */
  async ask<K extends ClerkQuestion>(
    kind: K,
    input: ClerkQuestions[K]['input'],
    where: Whereabouts,
  ): Promise<ClerkQuestions[K]['output']> {
    if (this.#waiting >= MOST_WAITING) throw busy('too many ask for what takes long: try again');
    this.#waiting++;
    try {
      return await this.#turns.take(() => this.#ask<K>({ kind, input, where }));
    } finally {
      this.#waiting--;
    }
  }

  async #ask<K extends ClerkQuestion>(demand: ClerkDemand): Promise<ClerkQuestions[K]['output']> {
    clearTimeout(this.#idle);
    const child = (this.#child ??= this.#start());
    const answer = await within(
      PATIENCE_MS,
      child.ask<{ readonly value: ClerkQuestions[K]['output'] }>(demand),
    );
    this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    if (answer) return answer.value;
    this.#kill(child);
    throw refuse(503, 'too-slow', `it takes longer than ${PATIENCE_MS / 1000} s`);
  }

  #start(): Child {
    const child: Child = new AskedChild<ClerkDemand, ChildLog>({
      ...{ name: 'the clerk of the API', entry: ENTRY, env: baseEnvironment(), flags: FLAGS },
      hear: ({ message }) => this.#say(message),
    });
    void child.ended.then(() => {
      if (this.#child === child) this.#child = undefined;
    });
    return child;
  }

  #kill(child: Child): void {
    this.#child = undefined;
    child.kill();
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#child?.disconnect();
    this.#child = undefined;
  }
}
