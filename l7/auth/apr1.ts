/** `$apr1$`: the MD5 password hash of Apache's htpasswd. */
import { hash } from 'node:crypto';

const MAGIC = '$apr1$';
const ROUNDS = 1000;
const DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The bytes of the digest as they are written, three at a time; the last one stands alone. */
const ORDER = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5];

const md5 = (text: string): string => hash('md5', Buffer.from(text, 'latin1'), 'latin1');

/**
 * Hashes a password with the salt of a stored hash. About a millisecond.
 *
 * @param password latin1
 * @param stored `$apr1$SALT$...`; at most 8 bytes of salt count
 * @see Poul-Henning Kamp's MD5 crypt (FreeBSD), with another magic
 */
export function apr1(password: string, stored: string): string {
  const salt = stored.slice(MAGIC.length).split('$')[0]!.slice(0, 8);
  const inner = md5(password + salt + password);
  let text = password + MAGIC + salt;
  for (let left = password.length; left > 0; left -= 16) text += inner.slice(0, left);
  for (let bits = password.length; bits > 0; bits >>= 1) text += bits & 1 ? '\0' : password.charAt(0);
  let digest = md5(text);
  for (let round = 0; round < ROUNDS; round++) {
    const middle = (round % 3 ? salt : '') + (round % 7 ? password : '');
    digest = md5(round & 1 ? password + middle + digest : digest + middle + password);
  }
  return `${MAGIC}${salt}$${encode(digest)}`;
}

function encode(digest: string): string {
  let text = '';
  for (let at = 0; at < ORDER.length; at += 3) {
    const [high, middle, low] = [ORDER[at]!, ORDER[at + 1]!, ORDER[at + 2]!].map(byte =>
      digest.charCodeAt(byte),
    );
    text += digits((high! << 16) | (middle! << 8) | low!, 4);
  }
  return text + digits(digest.charCodeAt(11), 2);
}

/** Six bits a digit, the lowest first. */
function digits(value: number, count: number): string {
  let text = '';
  for (let at = 0; at < count; at++) text += DIGITS[(value >> (6 * at)) & 63];
  return text;
}
