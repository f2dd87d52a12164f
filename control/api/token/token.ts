/** Tokens of the API: what they may do, how they look, and how one is known again. Only hashes are kept. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Each may what those before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Parts of the API that a token may be confined to. */
export const SCOPES = [
  'status',
  'l4',
  'l7',
  'cluster',
  'waf',
  'config',
  'audit',
  'users',
  'metrics',
  'alerts',
  'logs',
] as const;
export type Scope = (typeof SCOPES)[number];

const isOneOf = (words: readonly string[], word: unknown): boolean =>
  typeof word === 'string' && words.includes(word);

export const isRole = (word: unknown): word is Role => isOneOf(ROLES, word);
export const isScope = (word: unknown): word is Scope => isOneOf(SCOPES, word);

/** What is kept of a token. */
export interface TokenRecord {
  /** Stands in the token, and in the audit log. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Undefined: everywhere. */
  readonly scopes: readonly Scope[] | undefined;
  readonly createdMs: number;
  /** ms since 1970; undefined: it does not end. */
  readonly expiresMs: number | undefined;
  /** SHA-256 of the secret, hex. It has 256 bits of chance, so nothing slower is of use. */
  readonly hash: string;
}

const ID_BYTES = 6;
const SECRET_BYTES = 32;
/** Secret scanners find leaked ones by the beginning. */
const FORM = /^moat_([0-9a-f]{12})_([\w-]{43})$/;
export const MOST_TOKEN_CHARS = 64;

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** @returns the token, to be shown once, with what is kept of it */
export function makeToken(wish: Omit<TokenRecord, 'id' | 'hash' | 'createdMs'>, nowMs: number) {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const record: TokenRecord = { ...wish, id, createdMs: nowMs, hash: hashOf(secret) };
  return { token: `moat_${id}_${secret}`, record };
}

const NOBODY = '0'.repeat(64);

/** Takes the same time for an unknown id as for a wrong secret. @returns undefined: it is none, or has ended */
export function findToken(
  text: string,
  records: ReadonlyMap<string, TokenRecord>,
  nowMs: number,
): TokenRecord | undefined {
  const [, id = '', secret = ''] = FORM.exec(text) ?? [];
  const record = records.get(id);
  const isRight = timingSafeEqual(
    Buffer.from(hashOf(secret), 'hex'),
    Buffer.from(record?.hash ?? NOBODY, 'hex'),
  );
  if (!record || !isRight) return undefined;
  return record.expiresMs === undefined || nowMs < record.expiresMs ? record : undefined;
}

/** Whether it may act in this role, in this part; undefined: a part that is anybody's who has a token. */
export const mayDo = (
  { role, scopes }: Pick<TokenRecord, 'role' | 'scopes'>,
  needed: Role,
  scope: Scope | undefined,
): boolean =>
  ROLES.indexOf(role) >= ROLES.indexOf(needed) &&
  (scopes === undefined || scope === undefined || scopes.includes(scope));
