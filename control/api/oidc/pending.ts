/** Logins that wait for a browser to come back from the provider: few, not for long, and each good for the browser that began it. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hashOf } from '../token/token.ts';
import type { Login } from './questions.ts';

const LIFE_MS = 10 * 60_000;
const MOST = 1024;
const MOST_OF_ONE = 16;

interface Kept {
  readonly login: Login;
  readonly ticketHash: string;
  readonly network: string;
  readonly untilMs: number;
}

const random = (): string => randomBytes(32).toString('base64url');

export class PendingLogins {
  /** By state; the oldest first. */
  readonly #all = new Map<string, Kept>();

  get size(): number {
    return this.#all.size;
  }

  /**
   * Where there are too many the oldest gives way: of his network, and then of the network that has the most, so that nobody pushes
   * others out.
   *
   * @returns the ticket is for the browser's cookie
   */
  begin(
    network: string,
    wish: Pick<Login, 'redirectUri' | 'again'>,
    nowMs: number,
  ): { readonly login: Login; readonly ticket: string } {
    const [ticket, state, nonce, verifier] = [random(), random(), random(), random()];
    const login = { ...wish, state, nonce, verifier };
    this.#forgetOld(nowMs);
    const before = this.#statesOf(network);
    if (before.length >= MOST_OF_ONE) this.#all.delete(before[0]!);
    if (this.#all.size >= MOST) this.#all.delete(this.#statesOf(this.#greatest())[0]!);
    this.#all.set(state, { login, ticketHash: hashOf(ticket), network, untilMs: nowMs + LIFE_MS });
    return { login, ticket };
  }

  /** Each is good once. @returns undefined: there is none, or another browser has begun it */
  take(state: string, ticket: string, nowMs: number): Login | undefined {
    const found = this.#all.get(state);
    if (!found || nowMs >= found.untilMs) return undefined;
    if (!timingSafeEqual(Buffer.from(hashOf(ticket), 'hex'), Buffer.from(found.ticketHash, 'hex')))
      return undefined;
    this.#all.delete(state);
    return found.login;
  }

  clear(): void {
    this.#all.clear();
  }

  #statesOf(network: string): string[] {
    return [...this.#all].filter(([, one]) => one.network === network).map(([state]) => state);
  }

  #greatest(): string {
    const counts = new Map<string, number>();
    for (const { network } of this.#all.values()) counts.set(network, (counts.get(network) ?? 0) + 1);
    return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
  }

  #forgetOld(nowMs: number): void {
    for (const [state, { untilMs }] of this.#all) if (nowMs >= untilMs) this.#all.delete(state);
  }
}
