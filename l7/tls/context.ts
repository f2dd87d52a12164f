/** Servers' TLS settings to OpenSSL contexts: made when first needed, and kept as long as their content stays the same. */
import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { CertificateModel, ServerTls } from '#model/l7/tls.ts';
import { cipherOption, protocolOptions, revocationLists } from './options.ts';
import type { TicketKeys } from './ticket-keys.ts';

const { SSL_OP_NO_TICKET, SSL_OP_NO_RENEGOTIATION, SSL_OP_CIPHER_SERVER_PREFERENCE } = constants;

/** Certificate and key as createSecureContext takes them. */
export interface Credentials {
  readonly cert?: Buffer[];
  readonly key?: { pem: Buffer; passphrase: string | undefined }[];
  readonly pfx?: { buf: Buffer; passphrase: string | undefined }[];
}

export class SecureContexts {
  readonly #tickets: TicketKeys;
  readonly #bySettings = new WeakMap<ServerTls, SecureContext>();
  /** By content: a reload brings new objects that say the same. Those of the configuration before are kept for one more. */
  #current = new Map<string, SecureContext>();
  #before = new Map<string, SecureContext>();

  constructor(tickets: TicketKeys) {
    this.#tickets = tickets;
  }

  /** A new configuration comes: what neither it nor the one in force uses is forgotten. */
  turnOver(): void {
    this.#before = this.#current;
    this.#current = new Map();
  }

  /** @throws {Error} of OpenSSL when it refuses the settings */
  of(tls: ServerTls): SecureContext {
    const known = this.#bySettings.get(tls);
    if (known) return known;
    const context = this.#byContent(tls, credentialsOf(tls.certificates));
    this.#bySettings.set(tls, context);
    return context;
  }

  #byContent(tls: ServerTls, credentials: Credentials): SecureContext {
    const key = createHash('sha256').update(JSON.stringify(tls)).digest('base64');
    const known = this.#current.get(key) ?? this.#before.get(key) ?? this.make(tls, credentials);
    this.#current.set(key, known);
    return known;
  }

  /** A context that nobody else gets. @throws {Error} of OpenSSL */
  make(tls: ServerTls, credentials: Credentials): SecureContext {
    const context = createSecureContext({ ...optionsOf(tls), ...credentials } as SecureContextOptions);
    if (tls.sessionTickets) this.#tickets.serve(context, tls);
    return context;
  }
}

function optionsOf(tls: ServerTls): SecureContextOptions {
  const { protocols, verify, clientCertificate, trustedCertificate } = tls;
  const asks = verify !== 'off';
  return {
    // Without trusted ones of its own the runtime would trust the world's public authorities with clients.
    ca: asks ? [clientCertificate, trustedCertificate].flatMap(file => (file ? [file.text] : [])) : [],
    ...(asks && tls.crl && { crl: revocationLists(tls.crl) }),
    ciphers: cipherOption(tls.ciphers, tls.cipherSuites),
    ecdhCurve: tls.curves,
    ...(tls.signatureAlgorithms !== undefined && { sigalgs: tls.signatureAlgorithms }),
    ...(tls.dhParameters && { dhparam: tls.dhParameters.text }),
    ...protocolOptions(protocols, bitsOf(tls)),
    sessionTimeout: tls.sessionTimeoutS,
    sessionIdContext: sessionRealm(tls),
    ...(tls.certificateCompression && { certificateCompression: ['zlib', 'brotli', 'zstd'] }),
  };
}

function bitsOf({ options, preferServerCiphers, sessionTickets }: ServerTls): number {
  let bits = options | SSL_OP_NO_RENEGOTIATION;
  if (preferServerCiphers) bits |= SSL_OP_CIPHER_SERVER_PREFERENCE;
  if (!sessionTickets) bits |= SSL_OP_NO_TICKET;
  return bits;
}

/**
 * Sessions are resumed only where the same is asked of clients: a session carries the outcome of the check of a
 * certificate, and must not pass for one made by another authority's.
 */
export function sessionRealm({
  verify,
  verifyDepth,
  clientCertificate,
  trustedCertificate,
  crl,
}: ServerTls): string {
  if (verify === 'off') return 'moat';
  const asked = [verify, verifyDepth, clientCertificate?.text, trustedCertificate?.text, crl?.text];
  return createHash('sha256').update(JSON.stringify(asked)).digest('base64').slice(0, 32);
}

function credentialsOf(certificates: readonly CertificateModel[]): Credentials {
  const cert: Buffer[] = [];
  const key: { pem: Buffer; passphrase: string | undefined }[] = [];
  const pfx: { buf: Buffer; passphrase: string | undefined }[] = [];
  for (const model of certificates) {
    if (model.kind === 'pem') {
      cert.push(Buffer.from(model.certificate.text, 'latin1'));
      key.push({ pem: Buffer.from(model.key.text, 'latin1'), passphrase: model.passphrase });
    } else if (model.kind === 'pkcs12')
      pfx.push({ buf: Buffer.from(model.bundle.text, 'latin1'), passphrase: model.passphrase });
  }
  return { ...(cert.length > 0 && { cert, key }), ...(pfx.length > 0 && { pfx }) };
}
