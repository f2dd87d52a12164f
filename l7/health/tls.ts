/** The TLS settings of a location, as health checks use them: they go by Node's own sockets, apart from the traffic. */
import { constants } from 'node:crypto';
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls';
import type { HealthCheckModel } from '#model/l7/health.ts';
import { type ProxyTlsSettings, protocolsBy } from '#model/l7/proxy-tls.ts';
import { TLS_PROTOCOLS, type TlsProtocol } from '#model/l7/tls.ts';
import { passphraseFor } from '../tls/credentials.ts';
import { withBit } from '../tls/options.ts';
import { requestHeader } from './request-header.ts';

/** Contexts by the settings they are made of. */
export class CheckContexts {
  readonly #bySettings = new WeakMap<ProxyTlsSettings, SecureContext>();

  /** @throws {Error} of OpenSSL when it refuses the settings */
  of(settings: ProxyTlsSettings): SecureContext {
    const known = this.#bySettings.get(settings) ?? contextOf(settings);
    this.#bySettings.set(settings, known);
    return known;
  }
}

/** @throws {Error} of OpenSSL when it refuses the settings */
export function tlsOptions(check: HealthCheckModel, contexts: CheckContexts): ConnectionOptions {
  const { proxyTls } = check;
  const name = proxyTls.name === undefined ? check.pool : requestHeader(proxyTls.name, check);
  return {
    secureContext: contexts.of(proxyTls),
    servername: proxyTls.serverName && isIP(name) === 0 ? name : '',
    rejectUnauthorized: proxyTls.verify,
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  };
}

const NO_PROTOCOL: Readonly<Record<TlsProtocol, number>> = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  'TLSv1.1': constants.SSL_OP_NO_TLSv1_1,
  'TLSv1.2': constants.SSL_OP_NO_TLSv1_2,
  'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
};

function contextOf(settings: ProxyTlsSettings): SecureContext {
  const { commands, certificate, certificateKey, trustedCertificate, crl } = settings;
  const protocols = protocolsBy(settings.protocols, commands);
  const missing = TLS_PROTOCOLS.filter(protocol => !protocols.includes(protocol));
  const ciphers = commands.ciphers ?? settings.ciphers;
  const options: SecureContextOptions = {
    // Without authorities of its own the runtime would read in the world's public ones.
    ca: trustedCertificate ? [trustedCertificate.text] : [],
    ...(crl && { crl: crl.text.match(/-----BEGIN X509 CRL-----[\s\S]*?-----END X509 CRL-----/g) ?? [] }),
    // The runtime takes both lists in one.
    ciphers: commands.cipherSuites === undefined ? ciphers : `${commands.cipherSuites}:${ciphers}`,
    ecdhCurve: commands.curves ?? 'auto',
    ...(commands.signatureAlgorithms !== undefined && { sigalgs: commands.signatureAlgorithms }),
    minVersion: protocols[0]!,
    maxVersion: protocols.at(-1)!,
    secureOptions: missing.reduce((all, one) => withBit(all, NO_PROTOCOL[one]), commands.options ?? 0),
  };
  // What a request would name is nobody's here.
  if (!certificate || !certificateKey || 'template' in certificate || 'template' in certificateKey)
    return createSecureContext(options);
  const passphrase = passphraseFor(certificateKey.text, settings.passwords);
  const key = { pem: certificateKey.text, ...(passphrase !== undefined && { passphrase }) };
  return createSecureContext({ ...options, cert: certificate.text, key: [key] });
}
