/** Signed requests (RFC 8555 §6.2): JSON Web Signatures with the keys that accounts have. */
import { createHash, createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';

/** RFC 7518 §3.1, by the curve. */
const ECDSA: Readonly<Record<string, { readonly alg: string; readonly hash: string }>> = {
  prime256v1: { alg: 'ES256', hash: 'sha256' },
  secp384r1: { alg: 'ES384', hash: 'sha384' },
  secp521r1: { alg: 'ES512', hash: 'sha512' },
};

/** A JWS in its flattened form (RFC 7515 §7.2.2). */
export interface Jws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

/** The public half, members in the order of RFC 7638 §3.2. @param key of an account, private or public */
export function jwkOf(key: KeyObject): Readonly<Record<string, unknown>> {
  const { kty, crv, x, y, e, n } = (key.type === 'private' ? createPublicKey(key) : key).export({
    format: 'jwk',
  });
  return kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
}

/** RFC 7638: base64url of the SHA-256. */
export const thumbprintOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(JSON.stringify(jwkOf(key)))
    .digest('base64url');

/** @param payload undefined: POST-as-GET (RFC 8555 §6.3) */
export function signedBy(key: KeyObject, header: Readonly<Record<string, unknown>>, payload: unknown): Jws {
  const { alg, hash } = algorithmOf(key);
  const head = base64url({ alg, ...header });
  const body = payload === undefined ? '' : base64url(payload);
  const bytes = Buffer.from(`${head}.${body}`);
  const signature = sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' });
  return { protected: head, payload: body, signature: signature.toString('base64url') };
}

/** The binding to an account that is there already (RFC 8555 §7.3.4). @param secret base64url */
export function externalBinding(key: KeyObject, kid: string, secret: string, url: string): Jws {
  const head = base64url({ alg: 'HS256', kid, url });
  const body = base64url(jwkOf(key));
  const mac = createHmac('sha256', Buffer.from(secret, 'base64url')).update(`${head}.${body}`);
  return { protected: head, payload: body, signature: mac.digest('base64url') };
}

function algorithmOf(key: KeyObject): { readonly alg: string; readonly hash: string } {
  if (key.asymmetricKeyType === 'rsa') return { alg: 'RS256', hash: 'sha256' };
  const found = ECDSA[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (!found) throw new RangeError('Cannot sign: no account has such a key');
  return found;
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
