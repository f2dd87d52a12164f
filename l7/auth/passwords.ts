/** Checks passwords; the slow hashes in other threads, and what was right once is known for a while. */
import { createHmac, randomBytes } from 'node:crypto';
import { cryptHashAsync } from '#native/crypt.ts';
import { effortOf, isPassword, sameText } from './hash.ts';

/** How long a password that was right needs no new hash. A changed hash counts at once. */
const KNOWN_MS = 60_000;
const MOST_KNOWN = 4096;

/** Told whether the password was right. */
export type Judged = (right: boolean) => void;

export class Passwords {
  /** Digest of user, hash and password → until when it is known to be right. The oldest first. */
  readonly #known = new Map<string, number>();
  /** Those that are being hashed: a second request for the same waits with the first. */
  readonly #pending = new Map<string, Judged[]>();
  readonly #secret = randomBytes(32);

  /**
   * Checks a password against a stored hash.
   *
   * @param nowMs of one clock that never goes back
   * @param judged runs later when the answer is not known at once
   * @returns the answer, or undefined when `judged` will be told
   */
  check(user: string, password: string, stored: string, nowMs: number, judged: Judged): boolean | undefined {
    const effort = effortOf(stored);
    if (effort === 'quick') return isPassword(password, stored);
    const key = this.#keyOf(user, password, stored);
    if (this.#isKnown(key, nowMs)) return true;
    if (effort === 'pool') {
      this.#hash(key, password, stored, nowMs, judged);
      return undefined;
    }
    const right = isPassword(password, stored);
    if (right) this.#remember(key, nowMs);
    return right;
  }

  #hash(key: string, password: string, stored: string, nowMs: number, judged: Judged): void {
    const waiting = this.#pending.get(key);
    if (waiting) {
      waiting.push(judged);
      return;
    }
    const all = [judged];
    this.#pending.set(key, all);
    cryptHashAsync(password, stored).then(hashed => {
      const right = hashed !== undefined && sameText(hashed, stored);
      this.#pending.delete(key);
      if (right) this.#remember(key, nowMs);
      for (const tell of all) tell(right);
    });
  }

  #isKnown(key: string, nowMs: number): boolean {
    const untilMs = this.#known.get(key);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#known.delete(key);
    return false;
  }

  #remember(key: string, nowMs: number): void {
    this.#known.delete(key);
    if (this.#known.size >= MOST_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, nowMs + KNOWN_MS);
  }

  /** No password stays in memory: only this digest, under a secret of the process. */
  #keyOf(user: string, password: string, stored: string): string {
    const text = `${user}\0${stored}\0${password}`;
    return createHmac('sha256', this.#secret).update(text, 'latin1').digest('latin1');
  }
}
