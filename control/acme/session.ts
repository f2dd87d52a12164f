/** A conversation with an authority: its directory, nonces, and requests signed by the account (RFC 8555 §6, §7.1). */
import type { KeyObject } from 'node:crypto';
import { AcmeFault, plain, problemIn } from './fault.ts';
import { jwkOf, signedBy } from './jose.ts';
import { type Reply, secureUrl, Wire, type WireOptions } from './wire.ts';

const MOST_NONCES = 8;
const NONCE = /^[\w-]{1,512}$/;
/** A nonce may be refused for being old; one that refuses so many in a row means something else. */
const NONCE_TRIES = 12;
const MOST_PROFILES = 64;

export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  /** Undefined: it takes none back. */
  readonly revokeCert: string | undefined;
  /** Undefined: the authority says nothing of renewal (RFC 9773). */
  readonly renewalInfo: string | undefined;
  readonly terms: string | undefined;
  readonly wantsExternalAccount: boolean;
  readonly profiles: readonly string[];
}

export class Session implements Disposable {
  readonly key: KeyObject;
  readonly #uri: string;
  readonly #wire: Wire;
  #directory: Directory | undefined;
  #nonces: string[] = [];
  /** The URL of the account; undefined: it is not known yet. */
  account: string | undefined;

  /** @param uri of the directory @param key of the account */
  constructor(uri: string, key: KeyObject, options: WireOptions) {
    this.#uri = uri;
    this.key = key;
    this.#wire = new Wire(options);
  }

  /** @throws {AcmeFault} */
  async directory(): Promise<Directory> {
    return (this.#directory ??= await this.#readDirectory());
  }

  async #readDirectory(): Promise<Directory> {
    const reply = await this.get(this.#uri);
    const { newNonce, newAccount, newOrder, revokeCert, renewalInfo, meta } = objectIn(reply.text);
    const { termsOfService, externalAccountRequired, profiles } = recordOf(meta);
    return {
      ...{ newNonce: secureUrl(newNonce), newAccount: secureUrl(newAccount), newOrder: secureUrl(newOrder) },
      revokeCert: revokeCert === undefined ? undefined : secureUrl(revokeCert),
      renewalInfo: renewalInfo === undefined ? undefined : secureUrl(renewalInfo),
      terms: termsOfService === undefined ? undefined : plain(termsOfService),
      wantsExternalAccount: externalAccountRequired === true,
      profiles: Object.keys(recordOf(profiles)).slice(0, MOST_PROFILES),
    };
  }

  /** Without a signature. @throws {AcmeFault} */
  async get(url: string): Promise<Reply> {
    const reply = await this.#wire.ask('GET', url);
    refuseFaults(reply);
    return reply;
  }

  /**
   * Signed by the account, or by its bare key where there is no account yet.
   *
   * @param payload undefined: POST-as-GET
   * @throws {AcmeFault}
   */
  async post(url: string, payload?: unknown, accept?: string): Promise<Reply> {
    const who = this.account === undefined ? { jwk: jwkOf(this.key) } : { kid: this.account };
    for (let tries = 1; ; tries++) {
      const nonce = await this.#nonce();
      const body = JSON.stringify(signedBy(this.key, { ...who, nonce, url }, payload));
      const reply = await this.#wire.ask('POST', url, body, accept);
      this.#keepNonce(reply);
      try {
        refuseFaults(reply);
        return reply;
      } catch (fault) {
        if (!(fault instanceof AcmeFault) || fault.type !== 'badNonce' || tries === NONCE_TRIES) throw fault;
      }
    }
  }

  async #nonce(): Promise<string> {
    const { newNonce } = await this.directory();
    const kept = this.#nonces.pop();
    if (kept !== undefined) return kept;
    const reply = await this.#wire.ask('HEAD', newNonce);
    refuseFaults(reply);
    this.#keepNonce(reply);
    const nonce = this.#nonces.pop();
    if (nonce === undefined) throw new AcmeFault('the authority gives no nonce');
    return nonce;
  }

  #keepNonce({ field }: Reply): void {
    const nonce = field('replay-nonce');
    if (nonce !== undefined && NONCE.test(nonce) && this.#nonces.length < MOST_NONCES)
      this.#nonces.push(nonce);
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]();
  }
}

/** @throws {AcmeFault} for another status than one of success */
function refuseFaults({ status, text, retryAfterMs }: Reply): void {
  if (status >= 200 && status < 300) return;
  let said: ReturnType<typeof problemIn>;
  try {
    said = problemIn(JSON.parse(text));
  } catch {
    said = undefined; // a page of something between, most likely
  }
  throw new AcmeFault(said?.words ?? `the authority answers ${status}`, {
    type: said?.type,
    status,
    retryAfterMs,
  });
}

/** @throws {AcmeFault} for what is no object of JSON */
export function objectIn(text: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === 'object' && found !== null && !Array.isArray(found))
      return found as Record<string, unknown>;
  } catch {
    // told below
  }
  throw new AcmeFault('the authority answers with something that is no object of JSON');
}

export const recordOf = (found: unknown): Record<string, unknown> =>
  typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Record<string, unknown>)
    : {};
