/** What TLS has to say before a request is served: nginx's own statuses for what is wrong with its connection. */
import type { ServerTls } from '#model/l7/tls.ts';
import type { Exchange } from '../exchange.ts';
import { sessionRealm } from './context.ts';

const MISDIRECTED = 421;
const BAD_CERTIFICATE = 495;
const NO_CERTIFICATE = 496;
const PLAIN_ON_TLS = 497;

/**
 * Faults of a chain that `optional_no_ca` puts up with, by OpenSSL's numbers (X509_V_ERR_*): somebody behind moat looks at
 * the certificate. 18, 19: self-signed; 20: no issuer here; 21: nobody to check the first one with; 27: not trusted.
 */
const OPTIONAL_FAULT = /^(18|19|20|21|27):/;

/** @returns 0 when the request may go on, else the status that it ends with */
export function tlsRefusal(exchange: Exchange): number {
  const { connection } = exchange;
  if (connection.plainOnTlsPort) {
    exchange.log('info', 'client sent plain HTTP request to HTTPS port while reading client request headers');
    return PLAIN_ON_TLS;
  }
  const { tls } = exchange.server.model;
  if (!connection.tls || !tls || tls.verify === 'off') return 0;
  return misdirected(exchange, tls) || certificateRefusal(exchange, tls.verify);
}

/** The client was asked what another server asks: its certificate, or the lack of one, says nothing here. */
function misdirected(exchange: Exchange, tls: ServerTls): number {
  const session = exchange.connection.tls!;
  const named = session.serverName;
  if (named === '' ? session.realm === sessionRealm(tls) : named === exchange.host) return 0;
  exchange.log(
    'info',
    'client attempted to request the server name different from the one that was negotiated while reading client request headers',
  );
  return MISDIRECTED;
}

function certificateRefusal(exchange: Exchange, verify: string): number {
  const session = exchange.connection.tls!;
  const shown = session.fact('certificate') !== undefined;
  const fault = shown ? session.fact('verify') : '';
  if (fault && !(verify === 'optional_no_ca' && OPTIONAL_FAULT.test(fault))) {
    exchange.log(
      'info',
      `client SSL certificate verify error: (${fault}) while reading client request headers`,
    );
    return BAD_CERTIFICATE;
  }
  if (verify !== 'on' || shown) return 0;
  exchange.log('info', 'client sent no required SSL certificate while reading client request headers');
  return NO_CERTIFICATE;
}
