/** What both sides' settings have in common, in OpenSSL's terms. */
import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { type FileText, TLS_PROTOCOLS, type TlsProtocol } from '#model/l7/tls.ts';

const NO_PROTOCOL: Readonly<Record<TlsProtocol, number>> = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  'TLSv1.1': constants.SSL_OP_NO_TLSv1_1,
  'TLSv1.2': constants.SSL_OP_NO_TLSv1_2,
  'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
};

/** @param protocols in ascending order, at least one; there may be gaps */
export function protocolOptions(
  protocols: readonly TlsProtocol[],
  bits: number,
): Pick<SecureContextOptions, 'minVersion' | 'maxVersion' | 'secureOptions'> {
  const missing = TLS_PROTOCOLS.filter(protocol => !protocols.includes(protocol));
  return {
    minVersion: protocols[0]!,
    maxVersion: protocols.at(-1)!,
    secureOptions: missing.reduce((all, protocol) => all | NO_PROTOCOL[protocol], bits),
  };
}

/** The runtime takes both lists in one. */
export const cipherOption = (ciphers: string, suites: string | undefined): string =>
  suites === undefined ? ciphers : `${suites}:${ciphers}`;

/** The runtime reads one list a text. */
export const revocationLists = ({ text }: FileText): string[] =>
  text.match(/-----BEGIN X509 CRL-----[\s\S]*?-----END X509 CRL-----/g) ?? [];
