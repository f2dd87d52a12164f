/** How it is shown that a name is ours, by each kind of challenge. */
import { createHash } from 'node:crypto';
import { addressBytes } from '#kit/address-bytes.ts';
import type { AcmeAnswer } from '#l7';
import type { AcmeIdentifier } from '#model/l7/acme.ts';
import { octets, oid, sequence, yes } from '../x509/der.ts';
import { selfSigned } from '../x509/self-signed.ts';
import type { TxtRecord } from './store.ts';

/** id-pe-acmeIdentifier (RFC 8737 §3). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const DAYS = 7;

/** RFC 8555 §8.1. */
export const keyAuthorization = (token: string, thumbprint: string): string => `${token}.${thumbprint}`;

export const httpAnswer = (token: string, text: string): AcmeAnswer => ({ kind: 'http-01', token, text });

export function tlsAnswer(identifier: AcmeIdentifier, text: string): AcmeAnswer {
  const digest = createHash('sha256').update(text).digest();
  const extension = sequence(oid(ACME_IDENTIFIER), yes(), octets(octets(digest)));
  const { key, certificate } = selfSigned({
    ...{ commonName: 'moat: proof of a name', names: [identifier], days: DAYS, extensions: [extension] },
  });
  return { kind: 'tls-alpn-01', name: serverNameOf(identifier), certificate, key };
}

/** RFC 8555 §8.4; a wildcard is proved by the name behind it. */
export const txtRecord = ({ value: domain }: AcmeIdentifier, text: string): TxtRecord => ({
  domain,
  name: `_acme-challenge.${domain}`,
  value: createHash('sha256').update(text).digest('base64url'),
});

/** As the authority names it in its ClientHello: an address by the name that leads back to it (RFC 8738 §6). */
export function serverNameOf({ type, value }: AcmeIdentifier): string {
  if (type === 'dns') return value;
  const bytes = [...addressBytes(value)];
  if (bytes.length === 4) return `${bytes.reverse().join('.')}.in-addr.arpa`;
  const nibbles = bytes.flatMap(byte => [byte >> 4, byte & 15]).reverse();
  return `${nibbles.map(nibble => nibble.toString(16)).join('.')}.ip6.arpa`;
}
