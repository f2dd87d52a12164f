/** Password hashes that are quick to compute, by their prefix; all others are crypt(3)'s. */
import { hash, timingSafeEqual } from 'node:crypto';
import { apr1 } from './apr1.ts';

/** Gives the hash that the password would have with the same salt. Texts are latin1. */
type Rehash = (password: string, stored: string) => string;

const SHA1_BYTES = 20;

const bytesOf = (text: string) => Buffer.from(text, 'latin1');

function ssha(password: string, stored: string): string {
  const salt = Buffer.from(stored.slice(6), 'base64').subarray(SHA1_BYTES);
  const digest = hash('sha1', Buffer.concat([bytesOf(password), salt]), 'buffer');
  return `{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`;
}

const QUICK: readonly (readonly [prefix: string, rehash: Rehash])[] = [
  ['{PLAIN}', password => `{PLAIN}${password}`],
  ['{SHA}', password => `{SHA}${hash('sha1', bytesOf(password), 'base64')}`],
  ['{SSHA}', ssha],
];

const APR1 = '$apr1$';

/** How long the check of a hash takes: nothing to speak of, a millisecond in this thread, or long, in another. */
export type Effort = 'quick' | 'thread' | 'pool';

export function effortOf(stored: string): Effort {
  if (stored.startsWith(APR1)) return 'thread';
  return QUICK.some(([prefix]) => stored.startsWith(prefix)) ? 'quick' : 'pool';
}

/** @param stored of effort quick or thread */
export function isPassword(password: string, stored: string): boolean {
  const rehash = stored.startsWith(APR1) ? apr1 : QUICK.find(([prefix]) => stored.startsWith(prefix))![1];
  return sameText(rehash(password, stored), stored);
}

/** Compares in a time that does not tell where two texts differ. */
export function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(bytesOf(a), bytesOf(b));
}
