/** Keys of accounts and certificates, by their kind. */
import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { AcmeKey } from '#model/l7/acme.ts';

const CURVES: Readonly<Record<string, string>> = { 256: 'P-256', 384: 'P-384', 521: 'P-521' };
const make = promisify(generateKeyPair);

/** RSA takes up to seconds, in a thread of Node's own. @returns PEM (PKCS#8) */
export async function newKey(kind: AcmeKey): Promise<string> {
  const [type, size = ''] = kind.split(':');
  const { privateKey } =
    type === 'rsa'
      ? await make('rsa', { modulusLength: Number(size) })
      : await make('ec', { namedCurve: CURVES[size]! });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** @param text PEM, latin1 @throws {Error} that says nothing of it */
export function openKey(text: string): KeyObject {
  try {
    return createPrivateKey(Buffer.from(text, 'latin1'));
  } catch (cause) {
    throw new Error('it holds no private key that can be read', { cause });
  }
}
