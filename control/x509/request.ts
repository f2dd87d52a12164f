/** Requests for certificates (PKCS#10, RFC 2986), without a subject: names stand in the extension alone. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { element, integer, oid, sequence, set } from './der.ts';
import { alternativeNames, type Name } from './names.ts';
import { signed } from './signature.ts';

/** RFC 2985 §5.4.2. */
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const ATTRIBUTES_TAG = 0xa0;

/** @returns DER */
export function certificateRequest(key: KeyObject, names: readonly Name[]): Buffer {
  const wanted = sequence(oid(EXTENSION_REQUEST), set(sequence(alternativeNames(names))));
  const body = sequence(
    integer(Buffer.of(0)),
    sequence(),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    element(ATTRIBUTES_TAG, wanted),
  );
  return signed(body, key);
}
