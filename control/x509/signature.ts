/** Signatures of certificates and requests: by the kind of the key. */
import { type KeyObject, sign } from 'node:crypto';
import { bits, nothing, oid, sequence } from './der.ts';

/** By the curve: the hash is as long as the key. RSA: PKCS#1 v1.5 with SHA-256. RFC 5758 §3.2, RFC 8017 appendix A.2.4. */
const ECDSA: Readonly<Record<string, { readonly hash: string; readonly id: string }>> = {
  prime256v1: { hash: 'sha256', id: '1.2.840.10045.4.3.2' },
  secp384r1: { hash: 'sha384', id: '1.2.840.10045.4.3.3' },
  secp521r1: { hash: 'sha512', id: '1.2.840.10045.4.3.4' },
};
const RSA_SHA256 = '1.2.840.113549.1.1.11';

/** What a certificate says of the signature that it will have. */
export const algorithmOf = (key: KeyObject): Buffer =>
  key.asymmetricKeyType === 'rsa' ? sequence(oid(RSA_SHA256), nothing()) : sequence(oid(curveOf(key).id));

/** @returns the whole: what is signed, by which algorithm, the signature */
export function signed(body: Buffer, key: KeyObject): Buffer {
  const hash = key.asymmetricKeyType === 'rsa' ? 'sha256' : curveOf(key).hash;
  return sequence(body, algorithmOf(key), bits(sign(hash, body, key)));
}

function curveOf(key: KeyObject): { readonly hash: string; readonly id: string } {
  const found = ECDSA[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (!found) throw new RangeError('Cannot sign: the key is neither RSA nor on one of the curves of NIST');
  return found;
}
