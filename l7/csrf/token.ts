/** A cookie that only requests of the site itself bring along: browsers hold it back from all others (SameSite=Strict). */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const RANDOM_BYTES = 12;

const sign = (secret: string, host: string, random: string): string =>
  createHmac('sha256', secret).update(`csrf\0${host}\0${random}`).digest('base64url');

/** @param host which it is for: one of a neighbouring name is no proof */
export function newToken(secret: string, host: string): string {
  const random = randomBytes(RANDOM_BYTES).toString('base64url');
  return `${random}.${sign(secret, host, random)}`;
}

export function isToken(token: string, secret: string, host: string): boolean {
  const dot = token.indexOf('.');
  if (dot < 0) return false;
  const given = Buffer.from(token.slice(dot + 1), 'latin1');
  const owed = Buffer.from(sign(secret, host, token.slice(0, dot)), 'latin1');
  return given.length === owed.length && timingSafeEqual(given, owed);
}
