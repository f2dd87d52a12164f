/** One-time codes of an authenticator (TOTP, RFC 6238: SHA-1, 30 s, six digits), and codes for who has lost it. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const STEP_S = 30;
const SECRET_BYTES = 20;
/** Clocks differ by a step. */
const SLACK_STEPS = 1;
const RECOVERY_CODES = 10;
const RECOVERY_BYTES = 10;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += LETTERS[(value >> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + LETTERS[(value << (5 - bits)) & 31] : text;
}

export function bytesOfBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text) {
    value = (value << 5) | LETTERS.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 255);
    value &= (1 << bits) - 1;
  }
  return Buffer.from(bytes);
}

export const newSecret = (): string => base32(randomBytes(SECRET_BYTES));

/** HOTP (RFC 4226, 5.3). @param step of 30 s since 1970 */
export function codeOf(secret: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', bytesOfBase32(secret)).update(counter).digest();
  const number = mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

export const stepAt = (nowMs: number): number => Math.floor(nowMs / 1000 / STEP_S);

/**
 * The step that a code is of. A code is good once: those of `lastStep` and before are none (RFC 6238, 5.2).
 *
 * @returns undefined: it is not good
 */
export function stepOf(code: string, secret: string, lastStep: number, nowMs: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const now = stepAt(nowMs);
  for (let step = now - SLACK_STEPS; step <= now + SLACK_STEPS; step++) {
    const isSame = timingSafeEqual(Buffer.from(codeOf(secret, step)), Buffer.from(code));
    if (isSame && step > lastStep) return step;
  }
  return undefined;
}

/** What an authenticator reads as a picture. @param account as it shows it */
export const otpauth = (secret: string, account: string): string =>
  `otpauth://totp/${encodeURIComponent(`moat:${account}`)}?secret=${secret}&issuer=moat&algorithm=SHA1&digits=6&period=${STEP_S}`;

/** @returns codes to be shown once: `ABCD-EFGH-IJKL-MNOP`, 80 bits of chance each */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: RECOVERY_CODES }, () =>
    base32(randomBytes(RECOVERY_BYTES)).replace(/(.{4})(?=.)/g, '$1-'),
  );

/** As much chance needs no slow hash. @param code as it is typed: small letters and missing dashes are the same */
export const hashOfRecovery = (code: string): string =>
  createHash('sha256').update(code.toUpperCase().replaceAll(/[- ]/g, '')).digest('hex');
