/** Who asks: the token or the session of a request, held against those that are believed. */
import type { IncomingMessage } from 'node:http';
import type { Believed } from '../messages.ts';
import { Refusal, refuse } from '../refusal.ts';
import { findToken, MOST_TOKEN_CHARS, type Role, type Scope, type TokenRecord } from '../token/token.ts';
import { findSession, isAlive, isCsrf, type SessionRecord } from '../user/session.ts';
import { cookieIn } from './cookie.ts';
import { Throttle } from './throttle.ts';

const SCHEME = /^bearer +(\S+)$/i;
/** Bad tokens of one address are told of so often in a minute. */
const MOST_TOLD = 3;
/** Control is told so often which sessions were used. */
const TELL_SEEN_MS = 10_000;
const SAFE_METHODS = ['GET', 'HEAD'];

/** Somebody who is believed. */
export interface Caller {
  /** As the audit log has it. */
  readonly who: string;
  /** Of the token or the session. */
  readonly id: string;
  readonly role: Role;
  /** Undefined: everywhere. */
  readonly scopes: readonly Scope[] | undefined;
  readonly by: { readonly token: TokenRecord } | { readonly session: SessionRecord };
}

export class Credentials {
  readonly #throttle = new Throttle(() => performance.now());
  readonly #tell: (message: string) => void;
  readonly #tellSeen: (times: ReadonlyMap<string, number>) => void;
  #tokens: ReadonlyMap<string, TokenRecord> = new Map();
  #sessions = new Map<string, SessionRecord>();
  #seen = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param tell takes what is to be logged; no part of a token is in it @param tellSeen takes when sessions were used */
  constructor(tell: (message: string) => void, tellSeen: (times: ReadonlyMap<string, number>) => void) {
    this.#tell = tell;
    this.#tellSeen = tellSeen;
  }

  believe({ tokens, sessions }: Believed): void {
    this.#tokens = new Map(tokens.map(record => [record.id, record]));
    this.#sessions = new Map(sessions.map(record => [record.id, this.#refreshed(record)]));
  }

  /** Whether it is believed still: for who stays connected. */
  isGood({ by }: Pick<Caller, 'by'>): boolean {
    if ('session' in by) {
      const now = this.#sessions.get(by.session.id);
      return now?.hash === by.session.hash && isAlive(now, Date.now());
    }
    const now = this.#tokens.get(by.token.id);
    return now?.hash === by.token.hash && (now.expiresMs === undefined || Date.now() < now.expiresMs);
  }

  /**
   * A good token passes however many bad ones came from its address: nobody can lock others out. A field Authorization counts alone;
   * a change by a session has to say the session's X-Moat-Csrf.
   *
   * @throws {Refusal} 401; 403 without X-Moat-Csrf; 429 when many bad ones came
   */
  of(request: IncomingMessage): Caller {
    const { headers, socket, method = '' } = request;
    if (headers.authorization !== undefined)
      return this.#byToken(headers.authorization, socket.remoteAddress);
    const caller = this.sessionOf(request);
    if (!caller) throw unknown('log in, or say Authorization: Bearer TOKEN; moat token create makes one');
    if (!SAFE_METHODS.includes(method) && !isCsrf(headers['x-moat-csrf'], caller.by.session))
      throw refuse(403, 'csrf', 'say X-Moat-Csrf as GET /api/v1/me tells it');
    return caller;
  }

  /** Undefined where there is none that lives. */
  sessionOf(
    request: IncomingMessage,
  ): (Caller & { readonly by: { readonly session: SessionRecord } }) | undefined {
    const session = findSession(cookieIn(request) ?? '', this.#sessions);
    const nowMs = Date.now();
    if (!session || !isAlive(session, nowMs)) return undefined;
    const used = { ...session, seenMs: nowMs };
    this.#sessions.set(session.id, used);
    this.#seen.set(session.id, nowMs);
    this.#timer ??= setTimeout(() => this.#report(), TELL_SEEN_MS).unref();
    const { id, user, role } = session;
    return { who: `user ${user}`, id, role, scopes: undefined, by: { session: used } };
  }

  #report(): void {
    this.#timer = undefined;
    this.#tellSeen(this.#seen);
    this.#seen = new Map();
  }

  /** Control may not have heard yet of its last use. */
  #refreshed(record: SessionRecord): SessionRecord {
    const seenMs = this.#sessions.get(record.id)?.seenMs ?? 0;
    return seenMs > record.seenMs ? { ...record, seenMs } : record;
  }

  #byToken(field: string, address = 'nowhere'): Caller {
    const [, token = ''] = SCHEME.exec(field) ?? [];
    const found = token.length <= MOST_TOKEN_CHARS ? findToken(token, this.#tokens, Date.now()) : undefined;
    if (!found) return this.#refuse(address);
    const { id, name, role, scopes } = found;
    return { who: `token ${name} (${id})`, id, role, scopes, by: { token: found } };
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
