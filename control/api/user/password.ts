/** Passwords as argon2id (RFC 9106): hashed in Node's threads, a few at a time, in the form of PHC strings. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { refuse } from '../refusal.ts';

export const LEAST_PASSWORD = 12;
export const MOST_PASSWORD = 256;

/** 32 MiB, three passes: above what OWASP asks for, some 100 ms of one core. */
const COST = { memory: 32 << 10, passes: 3, parallelism: 1 } as const;
const SALT_BYTES = 16;
const TAG_BYTES = 32;
const FORM = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([\w+/]{22})\$([\w+/]{43})$/;

const derive = promisify(argon2);

interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

const tagOf = (password: string, nonce: Buffer, cost: Cost): Promise<Buffer> =>
  derive('argon2id', { message: Buffer.from(password, 'latin1'), nonce, tagLength: TAG_BYTES, ...cost });

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

/** @param password latin1 of its bytes @throws {Refusal} 422 when it is too short or too long */
export async function hashPassword(password: string): Promise<string> {
  refuseWeak(password);
  const salt = randomBytes(SALT_BYTES);
  const { memory, passes, parallelism } = COST;
  const tag = await tagOf(password, salt, COST);
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
}

export function refuseWeak(password: string): void {
  if (password.length < LEAST_PASSWORD || password.length > MOST_PASSWORD)
    throw refuse(422, 'weak-password', `a password has ${LEAST_PASSWORD} to ${MOST_PASSWORD} bytes`);
}

export const isPasswordHash = (text: unknown): text is string => typeof text === 'string' && FORM.test(text);

/** Of nobody: an unknown name takes the time of a wrong password. */
const NOBODY = `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** @param hash undefined: there is no such user, which takes as long */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, memory, passes, parallelism, salt = '', tag = ''] = FORM.exec(hash ?? NOBODY) ?? [];
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const found = await tagOf(password.slice(0, MOST_PASSWORD + 1), Buffer.from(salt, 'base64'), cost);
  return timingSafeEqual(found, Buffer.from(tag, 'base64')) && hash !== undefined;
}
