/** `$ssl_*`: what is known of the client's TLS session and certificate. */
import type { X509Certificate } from 'node:crypto';
import type { TlsInfo } from '../downstream/downstream.ts';
import { escapeArgument } from '../wire/h1/uri.ts';
import type { Getter } from './space.ts';

const DAY_MS = 86_400_000;

const session =
  (of: (tls: TlsInfo) => string | undefined): Getter =>
  exchange => {
    const { tls } = exchange.connection;
    return tls && of(tls);
  };

const certificate = (of: (certificate: X509Certificate) => string): Getter =>
  session(tls => tls.clientCertificate && of(tls.clientCertificate));

/** `CN=x\nO=y` as Node gives it → parts in the order of the certificate; several values of one part stand on one line. */
const parts = (name: string) => name.split('\n').filter(line => line !== '');

/** RFC 2253 §2.1: the last part first; §2.4: what must be escaped. */
function rfc2253(name: string): string {
  return parts(name)
    .map(part => {
      const equals = part.indexOf('=');
      const value = part.slice(equals + 1).replace(/[,+"\\<>;]|^[# ]| $/g, '\\$&');
      return `${part.slice(0, equals)}=${value}`;
    })
    .reverse()
    .join(',');
}

const legacy = (name: string) =>
  parts(name)
    .map(part => `/${part}`)
    .join('');

function verdict({ clientCertificate, verifyFault }: TlsInfo): string {
  if (!clientCertificate) return 'NONE';
  return verifyFault === undefined ? 'SUCCESS' : `FAILED:${verifyFault}`;
}

function remainingDays(end: string): string {
  return String(Math.max(0, Math.floor((Date.parse(end) - Date.now()) / DAY_MS)));
}

export const TLS_VARIABLES = {
  ssl_protocol: session(tls => tls.protocol),
  ssl_cipher: session(tls => tls.cipher),
  ssl_curve: session(tls => tls.curve),
  ssl_session_id: session(tls => tls.sessionId),
  ssl_session_reused: session(tls => (tls.resumed ? 'r' : '.')),
  ssl_server_name: session(tls => tls.serverName),
  ssl_alpn_protocol: session(tls => tls.alpn),
  // Node has no early data: the handshake is complete before a request is read.
  ssl_early_data: session(() => ''),
  ssl_client_cert: certificate(pem => pem.toString().trim().replaceAll('\n', '\n\t')),
  ssl_client_raw_cert: certificate(pem => pem.toString()),
  ssl_client_escaped_cert: certificate(pem => escapeArgument(pem.toString())),
  ssl_client_s_dn: certificate(({ subject }) => rfc2253(subject)),
  ssl_client_i_dn: certificate(({ issuer }) => rfc2253(issuer)),
  ssl_client_s_dn_legacy: certificate(({ subject }) => legacy(subject)),
  ssl_client_i_dn_legacy: certificate(({ issuer }) => legacy(issuer)),
  ssl_client_serial: certificate(({ serialNumber }) => serialNumber),
  ssl_client_fingerprint: certificate(({ fingerprint }) => fingerprint.replaceAll(':', '').toLowerCase()),
  ssl_client_verify: session(verdict),
  ssl_client_v_start: certificate(({ validFrom }) => validFrom),
  ssl_client_v_end: certificate(({ validTo }) => validTo),
  ssl_client_v_remain: certificate(({ validTo }) => remainingDays(validTo)),
} satisfies Record<string, Getter>;
