/** Has a process of its own speak to the provider: it is there while somebody logs in, and for a while after. */
import { fileURLToPath } from 'node:url';
import { AskedChild, type ChildLog } from '#kit/asked-child.ts';
import { within } from '#kit/within.ts';
import { baseEnvironment } from '../../environment.ts';
import { busy } from '../refusal.ts';
import type { Failure, OidcAnswers, OidcDemand } from './questions.ts';

const ENTRY = fileURLToPath(new URL('./process.ts', import.meta.url));
const FLAGS = ['--max-old-space-size=128', '--max-semi-space-size=2'];
/** At once. */
const MOST_ASKED = 16;
/** Discovery, the code, keys and userinfo have ten seconds each. */
const PATIENCE_MS = 45_000;
const IDLE_MS = 60_000;

type Child = AskedChild<OidcDemand, ChildLog>;

export class OidcAgent {
  #asked = 0;
  #child: Child | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** A process that dies of what the provider says is a provider that says nothing. @throws {Refusal} when many log in at once */
  async ask<K extends OidcDemand['kind']>(
    demand: Extract<OidcDemand, { kind: K }>,
  ): Promise<OidcAnswers[K] | Failure> {
    if (this.#asked >= MOST_ASKED) throw busy('many log in: try again', 2);
    this.#asked++;
    clearTimeout(this.#idle);
    try {
      const child = (this.#child ??= this.#start());
      const asked = child.ask<OidcAnswers[K] | Failure>(demand).catch(failureOf);
      const answer = await within(PATIENCE_MS, asked);
      if (answer) return answer;
      if (this.#child === child) this.#child = undefined;
      child.kill();
      return { failed: 'away', why: `it takes longer than ${PATIENCE_MS / 1000} s` };
    } finally {
      this.#asked--;
      if (this.#asked === 0) this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    }
  }

  #start(): Child {
    const child: Child = new AskedChild<OidcDemand, ChildLog>({
      ...{ name: 'the process for the provider', entry: ENTRY, env: baseEnvironment(), flags: FLAGS },
      hear: () => {},
    });
    void child.ended.then(() => {
      if (this.#child === child) this.#child = undefined;
    });
    return child;
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#child?.disconnect();
    this.#child = undefined;
  }
}

const failureOf = (fault: Error): Failure => ({ failed: 'away', why: fault.message });
