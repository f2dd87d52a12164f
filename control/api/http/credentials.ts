/** Who asks: the token of a request, held against those that are believed. */
import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.ts';
import { findToken, MOST_TOKEN_CHARS, type TokenRecord } from '../token/token.ts';
import { Throttle } from './throttle.ts';

const SCHEME = /^bearer +(\S+)$/i;
/** Bad tokens of one address are told of so often in a minute. */
const MOST_TOLD = 3;

export class Credentials {
  readonly #throttle = new Throttle(() => performance.now());
  readonly #tell: (message: string) => void;
  #records: ReadonlyMap<string, TokenRecord> = new Map();

  /** @param tell takes what is to be logged; no part of a token is in it */
  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  believe(records: readonly TokenRecord[]): void {
    this.#records = new Map(records.map(record => [record.id, record]));
  }

  /** Whether it is believed still: for who stays connected. */
  isGood({ id, hash }: TokenRecord): boolean {
    const now = this.#records.get(id);
    return now?.hash === hash && (now.expiresMs === undefined || Date.now() < now.expiresMs);
  }

  /**
   * A good token passes however many bad ones came from its address: nobody can lock others out.
   *
   * @throws {Refusal} 401, or 429 when many bad ones came
   */
  of({ headers, socket }: IncomingMessage): TokenRecord {
    const field = headers.authorization;
    if (field === undefined) throw unknown('say Authorization: Bearer TOKEN; moat token create makes one');
    const [, token = ''] = SCHEME.exec(field) ?? [];
    const found = token.length <= MOST_TOKEN_CHARS ? findToken(token, this.#records, Date.now()) : undefined;
    return found ?? this.#refuse(socket.remoteAddress ?? 'nowhere');
  }

  #refuse(address: string): never {
    const waitS = this.#throttle.waitS(address);
    const count = this.#throttle.bad(address);
    if (count <= MOST_TOLD) this.#tell(`a token from ${address} is not known, has ended, or was revoked`);
    if (waitS === undefined) throw unknown('the token is not known, has ended, or was revoked');
    throw new Refusal({
      ...{ status: 429, code: 'too-many-bad-tokens', detail: 'too many bad tokens came from this address' },
      headers: { 'Retry-After': `${waitS}` },
    });
  }
}

const unknown = (detail: string): Refusal =>
  new Refusal({
    status: 401,
    code: 'no-token',
    detail,
    headers: { 'WWW-Authenticate': 'Bearer realm="moat"' },
  });
