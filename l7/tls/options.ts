/** What both sides' settings have in common, in OpenSSL's terms. */
import { constants } from 'node:crypto';
import { TLS_PROTOCOLS, type TlsProtocol } from '#model/l7/tls.ts';

const VERSIONS: Readonly<Record<TlsProtocol, number>> = {
  TLSv1: 0x0301,
  'TLSv1.1': 0x0302,
  'TLSv1.2': 0x0303,
  'TLSv1.3': 0x0304,
};

const NO_PROTOCOL: Readonly<Record<TlsProtocol, number>> = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  'TLSv1.1': constants.SSL_OP_NO_TLSv1_1,
  'TLSv1.2': constants.SSL_OP_NO_TLSv1_2,
  'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
};

export interface VersionOptions {
  readonly leastVersion: number;
  readonly mostVersion: number;
  readonly options: number;
}

/** @param protocols in ascending order, at least one; there may be gaps */
export function versionOptions(protocols: readonly TlsProtocol[], bits: number): VersionOptions {
  const missing = TLS_PROTOCOLS.filter(protocol => !protocols.includes(protocol));
  return {
    leastVersion: VERSIONS[protocols[0]!],
    mostVersion: VERSIONS[protocols.at(-1)!],
    options: missing.reduce((all, protocol) => withBit(all, NO_PROTOCOL[protocol]), bits),
  };
}

/** Sets bits of a number that may have more than 32. */
export const withBit = (all: number, bit: number): number => Number(BigInt(all) | BigInt(bit));

export const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** ALPN names with their lengths before them (RFC 7301 §3.1). */
export const alpnBytes = (names: readonly string[]): Buffer =>
  bytesOf(names.map(name => String.fromCharCode(name.length) + name).join(''));
