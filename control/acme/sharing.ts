/**
 * What the nodes of a cluster tell each other about certificates: pairs, accounts, answers to authorities, and who orders. A node that has
 * heard something says so: whoever asks an authority waits until all that can hear it know the answers.
 *
 * ```
 * A: claim, answers ──▶ B: workers are told ──▶ heard ──▶ A: the authority may ask
 * ```
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AcmeAnswer, AcmeNote } from '#l7';
import { recordOf } from './session.ts';

const CLAIM_MS = 300_000;
/** Answers of a node that is gone are forgotten. */
const ANSWERS_MS = 900_000;
/** So long it is waited for the others. */
const PATIENCE_MS = 5000;
const LOOK_MS = 25;
const MOST_ANSWERS = 1000;
const MOST_CLAIMS = 10_000;
const MOST_NODES = 64;

export interface SharingMeans {
  /** Has other nodes hear notes. */
  readonly say: (notes: readonly AcmeNote[]) => void;
  /** How many others hear us now. */
  readonly listeners: () => Promise<number>;
  /** Answers of other nodes are others now; resolves when the workers know. */
  readonly answersChanged: () => Promise<void>;
}

/** A note that wants to be confirmed. */
interface Spoken {
  readonly from: string;
  readonly number: number;
  readonly body: unknown;
}

export class Sharing {
  readonly #means: SharingMeans;
  readonly #node = randomBytes(8).toString('hex');
  /** Of the last note that wants to be confirmed; by node, up to which they are. */
  #number = 0;
  readonly #confirmed = new Map<string, number>();
  readonly #answers = new Map<string, { readonly all: readonly AcmeAnswer[]; readonly untilMs: number }>();
  /** Of others: until when, by certificate and node. */
  readonly #claims = new Map<string, Map<string, number>>();

  constructor(means: SharingMeans) {
    this.#means = means;
  }

  /** What others are asked by authorities. */
  answers(nowMs = Date.now()): AcmeAnswer[] {
    return [...this.#answers.values()].flatMap(({ all, untilMs }) => (untilMs > nowMs ? all : []));
  }

  /** Resolves when all that can hear it answer the same, or after a while. */
  tellAnswers(answers: readonly AcmeAnswer[]): Promise<void> {
    const number = this.#speak('answers', this.#node, { answers, untilMs: Date.now() + ANSWERS_MS });
    return answers.length > 0 ? this.#heard(number) : Promise.resolve();
  }

  /** @returns whether this node may order it: no other one does, or wants to at the same moment and comes first */
  async claim(id: string): Promise<boolean> {
    if (this.#othersOf(id).length > 0) return false;
    await this.#heard(this.#speak('claim', id, { untilMs: Date.now() + CLAIM_MS }));
    const mayGoOn = this.#othersOf(id).every(other => this.#node < other);
    if (!mayGoOn) this.release(id);
    return mayGoOn;
  }

  /** @param untilMs others leave it alone until then; 0: they may order */
  release(id: string, untilMs = 0): void {
    this.#speak('claim', id, { untilMs });
  }

  /** Nodes whose claims hold. */
  #othersOf(id: string): string[] {
    const nowMs = Date.now();
    return [...(this.#claims.get(id) ?? [])].flatMap(([node, untilMs]) => (untilMs > nowMs ? node : []));
  }

  #speak(kind: 'answers' | 'claim', id: string, body: object): number {
    const number = ++this.#number;
    const text = JSON.stringify({ from: this.#node, number, body } satisfies Spoken);
    this.#means.say([{ kind, id, text }]);
    return number;
  }

  async #heard(number: number): Promise<void> {
    const untilMs = performance.now() + PATIENCE_MS;
    const wanted = await this.#means.listeners();
    const confirmations = () => [...this.#confirmed.values()].filter(up => up >= number).length;
    while (confirmations() < wanted && performance.now() < untilMs)
      await sleep(LOOK_MS, undefined, { ref: false });
  }

  /** Takes what other nodes say of these kinds. */
  async take(notes: readonly AcmeNote[]): Promise<void> {
    const heard = new Map<string, number>();
    let isNew = false;
    for (const { kind, id, text } of notes) {
      if (kind === 'heard') this.#confirm(id, text);
      if (kind !== 'answers' && kind !== 'claim') continue;
      const spoken = spokenIn(text);
      if (!spoken || spoken.from === this.#node) continue;
      if (kind === 'answers') isNew = this.#takeAnswers(spoken) || isNew;
      else this.#takeClaim(id, spoken);
      heard.set(spoken.from, Math.max(spoken.number, heard.get(spoken.from) ?? 0));
    }
    if (isNew) await this.#means.answersChanged();
    if (heard.size > 0)
      this.#means.say(
        [...heard].map(([from, number]) => ({
          ...{ kind: 'heard', id: `${from}/${this.#node}`, text: String(number) },
        })),
      );
  }

  #confirm(id: string, text: string): void {
    const [whose, by = ''] = id.split('/');
    const number = Number(text);
    if (whose !== this.#node || !Number.isSafeInteger(number)) return;
    if (this.#confirmed.size < MOST_NODES || this.#confirmed.has(by)) this.#confirmed.set(by, number);
  }

  #takeAnswers({ from, body }: Spoken): boolean {
    const { answers, untilMs } = recordOf(body);
    if (!Array.isArray(answers) || answers.length > MOST_ANSWERS || typeof untilMs !== 'number') return false;
    for (const [node, known] of this.#answers) if (known.untilMs <= Date.now()) this.#answers.delete(node);
    if (this.#answers.size >= MOST_NODES && !this.#answers.has(from)) return false;
    this.#answers.set(from, { all: answers.filter(isAnswer), untilMs });
    return true;
  }

  #takeClaim(id: string, { from, body }: Spoken): void {
    const { untilMs } = recordOf(body);
    if (typeof untilMs !== 'number') return;
    const known = this.#claims.get(id) ?? new Map<string, number>();
    if (untilMs > Date.now() && known.size < MOST_NODES) known.set(from, untilMs);
    else known.delete(from);
    if (known.size === 0) this.#claims.delete(id);
    else if (this.#claims.has(id) || this.#claims.size < MOST_CLAIMS) this.#claims.set(id, known);
  }
}

function spokenIn(text: string): Spoken | undefined {
  try {
    const { from, number, body } = recordOf(JSON.parse(text));
    if (typeof from !== 'string' || !/^[\da-f]{16}$/.test(from)) return undefined;
    return Number.isSafeInteger(number) ? { from, number: Number(number), body } : undefined;
  } catch {
    return undefined; // of another version of moat
  }
}

function isAnswer(found: unknown): found is AcmeAnswer {
  const { kind, token, text, name, certificate, key } = recordOf(found);
  const isText = (one: unknown) => typeof one === 'string';
  if (kind === 'http-01') return isText(token) && isText(text);
  return kind === 'tls-alpn-01' && isText(name) && isText(certificate) && isText(key);
}
