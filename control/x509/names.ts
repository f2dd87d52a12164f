/** Names in certificates: RFC 5280 §4.2.1.6. */
import { addressBytes } from '#kit/address-bytes.ts';
import { element, octets, oid, sequence } from './der.ts';

const SUBJECT_ALT_NAME = '2.5.29.17';
const TAG = { dnsName: 0x82, ipAddress: 0x87 } as const;

export interface Name {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

/** The extension that says for which names a certificate is. @throws {RangeError} for an address that is none */
export const alternativeNames = (names: readonly Name[]): Buffer =>
  sequence(oid(SUBJECT_ALT_NAME), octets(sequence(...names.map(nameOf))));

const nameOf = ({ type, value }: Name): Buffer =>
  type === 'ip'
    ? element(TAG.ipAddress, Buffer.from(addressBytes(value)))
    : element(TAG.dnsName, Buffer.from(value, 'latin1'));
