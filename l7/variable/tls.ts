/** `$ssl_*`: what is known of the client's TLS session and certificate. */
import type { TlsFactName, TlsInfo } from '../downstream/downstream.ts';
import { escapeArgument } from '../wire/h1/uri.ts';
import type { Getter } from './space.ts';

const session =
  (of: (tls: TlsInfo) => string | undefined): Getter =>
  exchange => {
    const { tls } = exchange.connection;
    return tls && of(tls);
  };

const fact = (name: TlsFactName): Getter => session(tls => tls.fact(name));

/** @param of what is made of the certificate's PEM */
const pem = (of: (text: string) => string): Getter =>
  session(tls => {
    const text = tls.fact('certificate');
    return text === undefined ? undefined : of(text);
  });

function verdict(tls: TlsInfo): string {
  if (tls.fact('certificate') === undefined) return 'NONE';
  const fault = tls.fact('verify');
  return fault ? `FAILED:${fault.slice(fault.indexOf(':') + 1)}` : 'SUCCESS';
}

export const TLS_VARIABLES = {
  ssl_protocol: fact('protocol'),
  ssl_cipher: fact('cipher'),
  ssl_ciphers: fact('ciphers'),
  ssl_curve: fact('curve'),
  ssl_curves: fact('curves'),
  ssl_sigalg: fact('sigalg'),
  ssl_ech_status: session(() => ''),
  ssl_ech_outer_server_name: session(() => ''),
  ssl_session_id: fact('sessionId'),
  ssl_session_reused: fact('resumed'),
  ssl_server_name: session(tls => tls.serverName),
  ssl_alpn_protocol: session(tls => tls.alpn),
  ssl_early_data: fact('early'),
  ssl_client_cert: pem(text => text.trim().replaceAll('\n', '\n\t')),
  ssl_client_raw_cert: pem(text => text),
  ssl_client_escaped_cert: pem(escapeArgument),
  ssl_client_s_dn: fact('subject'),
  ssl_client_i_dn: fact('issuer'),
  ssl_client_s_dn_legacy: fact('subjectLegacy'),
  ssl_client_i_dn_legacy: fact('issuerLegacy'),
  ssl_client_serial: fact('serial'),
  ssl_client_fingerprint: fact('fingerprint'),
  ssl_client_sigalg: fact('clientSigalg'),
  ssl_client_verify: session(verdict),
  ssl_client_v_start: fact('starts'),
  ssl_client_v_end: fact('ends'),
  ssl_client_v_remain: fact('daysLeft'),
} satisfies Record<string, Getter>;
