/** The keys of session tickets (RFC 5077, RFC 8446 §4.6.1): the same in all workers, so that any of them resumes a session. */
import { hkdfSync, randomBytes } from 'node:crypto';

/** Bytes of a secret. */
const SECRET_BYTES = 32;

/** How long a key encrypts; those before it still decrypt as long as tickets are to be good for. */
const PERIOD_MS = 3_600_000;
/** A day's, and the one of the hour. */
const MOST_KEYS = 25;

/**
 * Keys of moat's own: a chain of secrets, one an hour, each the hash of the one before. All who begin with the same secret at
 * the same hour have the same keys ever after, and nobody can find out those of hours past.
 */
export class TicketRing {
  #period: number;
  #secret: Buffer;
  #keys: Buffer[];
  /** So many are kept: as many as some server's tickets need. */
  #most = 2;
  readonly #nowMs: () => number;
  /** Keys from before the last adoption, each with the last hour in which it decrypts. */
  #elders: readonly { readonly key: Buffer; readonly lastPeriod: number }[] = [];
  #adoptions = 0;

  /** @param nowMs the clock of all machines: ms since 1970 */
  constructor(seed: TicketSeed, nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    this.#period = seed.period;
    this.#secret = Buffer.from(seed.secret);
    this.#keys = [keyOf(this.#secret)];
  }

  /** Changes when the keys do. */
  get edition(): string {
    return `${this.#adoptions} ${periodOf(this.#nowMs())}`;
  }

  /** Goes on with the keys of another ring. Tickets of its own so far stay good for as long as they would have been. */
  adopt(seed: TicketSeed): void {
    this.keys();
    const lastPeriod = this.#period + this.#most - 1;
    this.#elders = [
      ...this.#keys.map((key, age) => ({ key, lastPeriod: lastPeriod - age })),
      ...this.#elders,
    ];
    this.#period = seed.period;
    this.#secret = Buffer.from(seed.secret);
    this.#keys = [keyOf(this.#secret)];
    this.#adoptions++;
  }

  /**
   * The one that encrypts first, then those before it: 80 bytes each, as in nginx's key files. Older ones are forgotten.
   *
   * @param seconds that a ticket is to be good for, at least
   */
  keys(seconds = 0): readonly Buffer[] {
    const wanted = 1 + Math.max(1, Math.ceil((seconds * 1000) / PERIOD_MS));
    this.#most = Math.min(MOST_KEYS, Math.max(this.#most, wanted));
    const now = periodOf(this.#nowMs());
    while (this.#period < now) {
      this.#secret = next(this.#secret);
      this.#period++;
      this.#keys = [keyOf(this.#secret), ...this.#keys].slice(0, this.#most);
    }
    this.#elders = this.#elders.filter(({ lastPeriod }) => lastPeriod >= now).slice(0, MOST_KEYS);
    return [...this.#keys.slice(0, wanted), ...this.#elders.map(({ key }) => key)];
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

/** What a seed has become by a later hour. Of an hour before, nobody can say it. */
export function seedAt({ period, secret }: TicketSeed, later: number): TicketSeed {
  let at = Buffer.from(secret);
  for (let passed = period; passed < later; passed++) at = next(at);
  return { period: Math.max(period, later), secret: new Uint8Array(at) };
}

const periodOf = (ms: number) => Math.floor(ms / PERIOD_MS);

const next = (secret: Buffer) =>
  Buffer.from(hkdfSync('sha256', secret, '', 'moat ticket next', SECRET_BYTES));

/** Bytes of a key: a name of 16, then HMAC and AES-256 keys of 32. */
const KEY_BYTES = 80;

const keyOf = (secret: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', 'moat ticket key', KEY_BYTES));
