/** A certificate for trying TLS on this machine: P-256, signed by its own key, for a few days. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { bits, element, integer, octets, oid, sequence, set, time, utf8 } from './der.ts';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const SUBJECT_ALT_NAME = '2.5.29.17';
/** Context tags of RFC 5280 §4.1 and §4.2.1.6. */
const TAG = { version: 0xa0, extensions: 0xa3, dnsName: 0x82, ipAddress: 0x87 } as const;
const DAY_MS = 86_400_000;

/** Makes a key and a certificate for `localhost`, 127.0.0.1 and ::1; both in PEM. */
export function developmentCertificate(days: number): { readonly key: string; readonly certificate: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(oid(COMMON_NAME), utf8('localhost'))));
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  const unsigned = sequence(
    element(TAG.version, integer(Buffer.of(2))),
    integer(serialNumber()),
    algorithm,
    name,
    sequence(time(new Date(Date.now() - DAY_MS)), time(new Date(Date.now() + days * DAY_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(TAG.extensions, sequence(alternativeNames())),
  );
  const certificate = sequence(unsigned, algorithm, bits(sign('sha256', unsigned, privateKey)));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pem(certificate),
  };
}

/** At most 20 bytes, positive, not zero (RFC 5280 §4.1.2.2). */
function serialNumber(): Buffer {
  const number = randomBytes(16);
  number[0] = (number[0]! & 0x3f) | 0x40;
  return number;
}

function alternativeNames(): Buffer {
  const names = sequence(
    element(TAG.dnsName, Buffer.from('localhost')),
    element(TAG.ipAddress, Buffer.of(127, 0, 0, 1)),
    element(TAG.ipAddress, Buffer.from('00000000000000000000000000000001', 'hex')),
  );
  return sequence(oid(SUBJECT_ALT_NAME), octets(names));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
