/** Idempotency-Key: a change that is sent twice, because the answer got lost, is done once, and answered twice. */
import { createHash } from 'node:crypto';
import { refuse } from '../refusal.ts';

const MOST_KEPT = 1024;
const KEPT_MS = 24 * 3600 * 1000;
/** Printable, as a structured field's string would be, with or without its quotes. */
const FORM = /^"?[\x21\x23-\x7e]{1,128}"?$/;

interface Kept<T> {
  readonly fingerprint: string;
  readonly atMs: number;
  readonly answer: Promise<T>;
  isDone: boolean;
}

export class Idempotency<T> {
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept<T>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Does the work, or gives what came of it before.
   *
   * @param owner whose key it is: keys of others are not looked at
   * @param request what the key stands for: method, target, body
   * @throws {Refusal} 400 for a malformed key, 409 while the first is under way, 422 when it stood for another request
   */
  async once(owner: string, key: string | undefined, request: string, work: () => Promise<T>): Promise<T> {
    if (key === undefined) return work();
    if (!FORM.test(key)) throw refuse(400, 'idempotency-key', 'a key has 1 to 128 visible characters');
    const id = `${owner} ${key}`;
    const fingerprint = createHash('sha256').update(request).digest('base64');
    const known = this.#kept.get(id);
    if (known && this.#now() - known.atMs < KEPT_MS) return this.#again(known, fingerprint);
    const kept: Kept<T> = { fingerprint, atMs: this.#now(), answer: work(), isDone: false };
    this.#keep(id, kept);
    try {
      return await kept.answer;
    } catch (fault) {
      this.#kept.delete(id); // nothing was done: it may be tried again
      throw fault;
    } finally {
      kept.isDone = true;
    }
  }

  #again(known: Kept<T>, fingerprint: string): Promise<T> {
    if (known.fingerprint !== fingerprint)
      throw refuse(422, 'idempotency-key', 'the key stood for another request');
    if (!known.isDone) throw refuse(409, 'under-way', 'the same request is under way');
    return known.answer;
  }

  #keep(id: string, kept: Kept<T>): void {
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
  }
}
