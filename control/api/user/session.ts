/** Sessions of browsers: opaque, known by their hash, with an end for who is idle and one for everybody. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hashOf, type Role } from '../token/token.ts';

/** What is kept of a session. */
export interface SessionRecord {
  /** Stands in the cookie, and in lists. */
  readonly id: string;
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
  /** Changes have to say it in a field, which no page of another site can. */
  readonly csrf: string;
  readonly user: string;
  readonly role: Role;
  readonly createdMs: number;
  /** When the password was last given. */
  readonly authenticatedMs: number;
  /** Of the last request that was told. */
  readonly seenMs: number;
  /** The client's address at login. */
  readonly from: string;
  /** Its User-Agent, cut. */
  readonly agent: string;
}

export const IDLE_MS = 3600_000;
export const LIFE_MS = 12 * 3600_000;
/** What is dangerous wants a password that was given so lately. */
export const FRESH_MS = 5 * 60_000;

const FORM = /^([0-9a-f]{12})\.([\w-]{43})$/;
const NOBODY = '0'.repeat(64);

/** Names of local users have no colon. */
const PROVIDER = 'oidc:';
export const nameOfProvider = (name: string): string => `${PROVIDER}${name}`;
/** Whether a provider vouches for him: he has no password here. */
export const isByProvider = ({ user }: Pick<SessionRecord, 'user'>): boolean => user.startsWith(PROVIDER);

/** @returns the cookie's value, with what is kept of it */
export function makeSession(
  whose: Pick<SessionRecord, 'user' | 'role' | 'from' | 'agent'>,
  nowMs: number,
): { readonly cookie: string; readonly record: SessionRecord } {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const csrf = randomBytes(32).toString('base64url');
  const times = { createdMs: nowMs, authenticatedMs: nowMs, seenMs: nowMs };
  return { cookie: `${id}.${secret}`, record: { ...whose, ...times, id, csrf, hash: hashOf(secret) } };
}

export const isAlive = ({ createdMs, seenMs }: SessionRecord, nowMs: number): boolean =>
  nowMs < createdMs + LIFE_MS && nowMs < seenMs + IDLE_MS;

export const isFresh = ({ authenticatedMs }: SessionRecord, nowMs: number): boolean =>
  nowMs < authenticatedMs + FRESH_MS;

/** Takes the same time for an unknown id as for a wrong secret. @returns undefined: it is none; whether it lives is not asked */
export function findSession(
  cookie: string,
  records: ReadonlyMap<string, SessionRecord>,
): SessionRecord | undefined {
  const [, id = '', secret = ''] = FORM.exec(cookie) ?? [];
  const record = records.get(id);
  const [is, wanted] = [hashOf(secret), record?.hash ?? NOBODY];
  return timingSafeEqual(Buffer.from(is, 'hex'), Buffer.from(wanted, 'hex')) ? record : undefined;
}

export const isCsrf = (field: unknown, { csrf }: SessionRecord): boolean =>
  typeof field === 'string' &&
  field.length === csrf.length &&
  timingSafeEqual(Buffer.from(field, 'latin1'), Buffer.from(csrf));
