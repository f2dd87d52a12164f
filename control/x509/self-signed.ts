/** Certificates that are signed by their own keys: for trying TLS, and where there is no other yet. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { element, integer, oid, sequence, set, time, utf8 } from './der.ts';
import { alternativeNames, type Name } from './names.ts';
import { algorithmOf, signed } from './signature.ts';

const COMMON_NAME = '2.5.4.3';
/** Context tags of RFC 5280 §4.1. */
const TAG = { version: 0xa0, extensions: 0xa3 } as const;
const DAY_MS = 86_400_000;

export interface SelfSigned {
  /** Up to 64 characters. */
  readonly commonName: string;
  readonly names: readonly Name[];
  readonly days: number;
  /** Further extensions in DER. */
  readonly extensions?: readonly Buffer[];
}

/** Both in PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** Makes a key on P-256, and its certificate, which holds since yesterday. */
export function selfSigned({ commonName, names, days, extensions = [] }: SelfSigned): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(oid(COMMON_NAME), utf8(commonName))));
  const body = sequence(
    element(TAG.version, integer(Buffer.of(2))),
    integer(serialNumber()),
    algorithmOf(privateKey),
    name,
    sequence(time(new Date(Date.now() - DAY_MS)), time(new Date(Date.now() + days * DAY_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(TAG.extensions, sequence(alternativeNames(names), ...extensions)),
  );
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pem('CERTIFICATE', signed(body, privateKey)),
  };
}

/** At most 20 bytes, positive, not zero (RFC 5280 §4.1.2.2). */
function serialNumber(): Buffer {
  const number = randomBytes(16);
  number[0] = (number[0]! & 0x3f) | 0x40;
  return number;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
