/** The keys of session tickets (RFC 5077, RFC 8446 §4.6.1): the same in all workers, so that any of them resumes a session. */
import { hkdfSync, randomBytes } from 'node:crypto';

/** Bytes of a secret. */
const SECRET_BYTES = 32;

/** How long a key encrypts; the one before it still decrypts for as long again. nginx changes keys at the session timeout. */
const PERIOD_MS = 3_600_000;

/**
 * Keys of moat's own: a chain of secrets, one an hour, each the hash of the one before. All who begin with the same secret at
 * the same hour have the same keys ever after, and nobody can find out those of hours past.
 */
export class TicketRing {
  #period: number;
  #secret: Buffer;
  #keys: Buffer[];
  readonly #nowMs: () => number;

  /** @param nowMs the clock of all machines: ms since 1970 */
  constructor(seed: TicketSeed, nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    this.#period = seed.period;
    this.#secret = Buffer.from(seed.secret);
    this.#keys = [keyOf(this.#secret)];
  }

  /** Changes when the keys do. */
  get period(): number {
    return periodOf(this.#nowMs());
  }

  /** The one that encrypts first, then the one before it: 80 bytes each, as in nginx's key files. */
  keys(): readonly Buffer[] {
    const now = periodOf(this.#nowMs());
    while (this.#period < now) {
      this.#secret = next(this.#secret);
      this.#period++;
      this.#keys = [keyOf(this.#secret), this.#keys[0]!];
    }
    return this.#keys;
  }

  /** What another ring must begin with to have the same keys from now on. */
  seed(): TicketSeed {
    this.keys();
    return { period: this.#period, secret: new Uint8Array(this.#secret) };
  }
}

export interface TicketSeed {
  readonly period: number;
  readonly secret: Uint8Array;
}

export const newTicketSeed = (nowMs: number = Date.now()): TicketSeed => ({
  period: periodOf(nowMs),
  secret: new Uint8Array(randomBytes(SECRET_BYTES)),
});

const periodOf = (ms: number) => Math.floor(ms / PERIOD_MS);

const next = (secret: Buffer) =>
  Buffer.from(hkdfSync('sha256', secret, '', 'moat ticket next', SECRET_BYTES));

/** Bytes of a key: a name of 16, then HMAC and AES-256 keys of 32. */
const KEY_BYTES = 80;

const keyOf = (secret: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', 'moat ticket key', KEY_BYTES));
