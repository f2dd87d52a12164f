/** The keys of session tickets (RFC 5077, RFC 8446 §4.6.1): the same in all workers, so that any of them resumes a session. */
import { hkdfSync, randomBytes } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import type { ServerTls } from '#model/l7/tls.ts';

/** One key as OpenSSL's callback takes it: AES-128 and HMAC-SHA256. */
interface TicketKey {
  /** 16 bytes that stand in the ticket. */
  readonly name: Buffer;
  readonly aes: Buffer;
  readonly hmac: Buffer;
}

/** The native side of a context: undocumented, and the only way to more than one key. */
interface TicketContext {
  enableTicketKeyCallback(): void;
  onticketkeycallback: (name: Buffer, iv: Buffer, encrypts: boolean) => unknown[];
}

const UNKNOWN = 0;
const GOOD = 1;
/** Good, and to be replaced by a new one. */
const RENEW = 2;

export class TicketKeys {
  readonly #ring: TicketRing;

  constructor(ring: TicketRing) {
    this.#ring = ring;
  }

  /** Has a context make and read tickets: with its own keys where some are configured, else with the shared ones. */
  serve(context: SecureContext, { ticketKeys }: ServerTls): void {
    const fixed = ticketKeys.map(fileKey);
    const keys = fixed.length > 0 ? () => fixed : () => this.#ring.keys();
    const native: TicketContext = Reflect.get(context, 'context');
    native.enableTicketKeyCallback();
    native.onticketkeycallback = (name, iv, encrypts) =>
      encrypts ? seal(keys()[0]!, iv) : open(keys(), name);
  }
}

function seal({ name, aes, hmac }: TicketKey, _iv: Buffer): unknown[] {
  return [GOOD, hmac, aes, name, randomBytes(16)];
}

function open(keys: readonly TicketKey[], name: Buffer): unknown[] {
  const at = keys.findIndex(key => key.name.equals(name));
  if (at === -1) return [UNKNOWN];
  return [at === 0 ? GOOD : RENEW, keys[at]!.hmac, keys[at]!.aes];
}

/**
 * A key file in nginx's order. 48 bytes: name, AES-128 key, HMAC key of 16 bytes each; tickets can be exchanged with nginx.
 * 80 bytes: name, then HMAC and AES-256 keys of 32: the runtime encrypts with AES-128 only, so that key is derived.
 */
function fileKey(text: string): TicketKey {
  const bytes = Buffer.from(text, 'latin1');
  const name = bytes.subarray(0, 16);
  if (bytes.length === 48) return { name, aes: bytes.subarray(16, 32), hmac: bytes.subarray(32, 48) };
  const aes = Buffer.from(hkdfSync('sha256', bytes.subarray(48, 80), name, 'moat ticket aes-128', 16));
  return { name, aes, hmac: bytes.subarray(16, 48) };
}

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
  #keys: TicketKey[];
  readonly #nowMs: () => number;

  /** @param nowMs the clock of all machines: ms since 1970 */
  constructor(seed: TicketSeed, nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    this.#period = seed.period;
    this.#secret = Buffer.from(seed.secret);
    this.#keys = [keyOf(this.#secret)];
  }

  /** The one that encrypts first, then the one before it. */
  keys(): readonly TicketKey[] {
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

function keyOf(secret: Buffer): TicketKey {
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', 'moat ticket key', 64));
  return { name: bytes.subarray(0, 16), aes: bytes.subarray(16, 32), hmac: bytes.subarray(32, 64) };
}
