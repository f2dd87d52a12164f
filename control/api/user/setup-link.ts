/** The link by which the first admin gets in: for whoever reads the console of the machine, once. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiModel } from '#model/api.ts';
import { hashOf } from '../token/token.ts';

const GOOD_MS = 24 * 3600_000;

export class SetupLink {
  #hash: string | undefined;
  #untilMs = 0;

  /** Those made before are good no more. @returns what stands behind the # of the link, which no server is told */
  make(nowMs: number): string {
    const secret = randomBytes(32).toString('base64url');
    this.#hash = hashOf(secret);
    this.#untilMs = nowMs + GOOD_MS;
    return secret;
  }

  isGood(secret: string, nowMs: number): boolean {
    if (this.#hash === undefined || nowMs >= this.#untilMs) return false;
    return timingSafeEqual(Buffer.from(hashOf(secret), 'hex'), Buffer.from(this.#hash, 'hex'));
  }

  spend(): void {
    this.#hash = undefined;
  }
}

export function linkOf({ listens, tls, hosts }: ApiModel, secret: string): string {
  const { address = '127.0.0.1', port = 0 } = listens[0] ?? {};
  const isAny = address === '0.0.0.0' || address === '::';
  const own = address.includes(':') ? `[${address}]` : address;
  const host = hosts[0] ?? (isAny ? 'localhost' : own);
  return `${tls ? 'https' : 'http'}://${host}:${port}/setup#${secret}`;
}
