/** Servers' TLS settings to OpenSSL contexts: made when first needed, and kept as long as their content stays the same. */
import { constants, createHash } from 'node:crypto';
import { type CertificateModel, type ServerTls, type SessionCache, TLS_DEFAULTS } from '#model/l7/tls.ts';
import {
  type Credential,
  SESSIONS_BUILTIN,
  SESSIONS_NONE,
  SESSIONS_OFF,
  SESSIONS_SHARED,
  type ServerTlsOptions,
  serverTls,
  setTicketKeys,
  type TlsHandle,
} from '#native/tls.ts';
import type { AcmeAnswer, IssuedPair } from '../acme/news.ts';
import type { AcmeShelf } from '../acme/shelf.ts';
import type { ErrorLogger } from '../log/error.ts';
import type { ServerTable } from '../tables.ts';
import { credentialOf } from './credentials.ts';
import type { OcspMeans } from './ocsp-responder.ts';
import { alpnBytes, bytesOf, versionOptions, withBit } from './options.ts';
import { staple } from './stapler.ts';
import type { TicketRing } from './ticket-keys.ts';

const { SSL_OP_NO_TICKET, SSL_OP_CIPHER_SERVER_PREFERENCE } = constants;
const RECORD_BYTES = 16_384;
const LEAST_RECORD_BYTES = 512;

/** What may be agreed on by ALPN where HTTP/1 is spoken, as nginx has it. */
export const HTTP1_NAMES: readonly string[] = ['http/1.1', 'http/1.0', 'http/0.9'];
/** And where HTTP/2 is spoken too. */
export const HTTP2_NAMES: readonly string[] = ['h2', ...HTTP1_NAMES];

/** Where it is proved that a name is ours. */
const PROOF_NAMES: readonly string[] = ['acme-tls/1'];

/** A context, and since when its ticket keys hold. */
export interface Context {
  readonly handle: TlsHandle;
  /** How long its tickets are good for. */
  readonly timeoutS: number;
  /** Of the shared keys; undefined when it has keys of its own, or gives no tickets. */
  edition: string | undefined;
}

/** What a server shows by its settings, and which certificates of authorities that were. */
interface Settled {
  readonly context: Context;
  /** Undefined: it shows none of those. */
  readonly issued: number | undefined;
}

export class SecureContexts {
  readonly #tickets: TicketRing;
  readonly #bySettings = new WeakMap<ServerTls, Map<readonly string[], Settled>>();
  /** By content: a reload brings new objects that say the same. Those of the configuration before are kept for one more. */
  #current = new Map<string, Context>();
  #before = new Map<string, Context>();
  readonly #proofs = new WeakMap<AcmeAnswer, Context>();

  readonly #stapling: OcspMeans;
  readonly #acme: AcmeShelf;

  constructor(tickets: TicketRing, stapling: OcspMeans, acme: AcmeShelf) {
    this.#acme = acme;
    this.#tickets = tickets;
    this.#stapling = stapling;
  }

  /** A new configuration comes: what neither it nor the one in force uses is forgotten. */
  turnOver(): void {
    this.#before = this.#current;
    this.#current = new Map();
  }

  /**
   * @param server whose certificates are shown
   * @param alpn the protocols that may be agreed on, best first; lists are told apart by identity
   * @throws {Error} of OpenSSL when it refuses the settings
   */
  of(server: ServerTable, tls: ServerTls, alpn: readonly string[]): TlsHandle {
    const known = this.#bySettings.get(tls)?.get(alpn);
    const holds = known && (known.issued === undefined || known.issued === this.#acme.edition);
    return this.fresh(holds ? known.context : this.#byContent(tls, alpn, server.root.errorLog));
  }

  /** Hands a context out, with the ticket keys of the hour. */
  fresh(context: Context): TlsHandle {
    if (context.edition === undefined || context.edition === this.#tickets.edition) return context.handle;
    setTicketKeys(context.handle, this.#tickets.keys(context.timeoutS));
    context.edition = this.#tickets.edition;
    return context.handle;
  }

  #byContent(tls: ServerTls, alpn: readonly string[], log: ErrorLogger): Context {
    const key = createHash('sha256')
      .update(JSON.stringify([tls, alpn, this.#issuedTo(tls)]))
      .digest('base64');
    const kept = this.#current.get(key) ?? this.#before.get(key) ?? this.#make(tls, alpn, log);
    this.#current.set(key, kept);
    const lists = this.#bySettings.get(tls) ?? new Map<readonly string[], Settled>();
    const issued = tls.certificates.some(({ kind }) => kind === 'issued') ? this.#acme.edition : undefined;
    this.#bySettings.set(tls, lists.set(alpn, { context: kept, issued }));
    return kept;
  }

  /** The content of certificates that the settings only name. @throws {Error} when one is not there */
  #issuedTo({ certificates }: ServerTls): readonly IssuedPair[] {
    return certificates.flatMap(model => (model.kind === 'issued' ? this.#acme.pair(model.id) : []));
  }

  /** A certificate of the settings as OpenSSL takes it; of those that an authority issues, the one of now. @throws {Error} */
  credential(model: Exclude<CertificateModel, { kind: 'template' }>): Credential {
    if (model.kind !== 'issued') return credentialOf(model);
    const { certificate, key } = this.#acme.pair(model.id);
    return { certificate: bytesOf(certificate), key: bytesOf(key) };
  }

  /** Another one when certificates of authorities are others. */
  get issuedEdition(): number {
    return this.#acme.edition;
  }

  #make(tls: ServerTls, alpn: readonly string[], log: ErrorLogger): Context {
    const credentials = tls.certificates.flatMap(model =>
      model.kind === 'template' ? [] : [this.credential(model)],
    );
    const context = this.make(tls, credentials, alpn);
    if (tls.stapling) staple(context.handle, tls.stapling, tls.trustedCertificate, log, this.#stapling);
    return context;
  }

  /** The context that shows an authority that a name is ours, and speaks nothing else (RFC 8737 §3). @throws {Error} of OpenSSL */
  proof(answer: Extract<AcmeAnswer, { kind: 'tls-alpn-01' }>): TlsHandle {
    const known = this.#proofs.get(answer);
    if (known) return known.handle;
    const credential = { certificate: bytesOf(answer.certificate), key: bytesOf(answer.key) };
    const made = this.make(
      { ...TLS_DEFAULTS, certificates: [], sessionTickets: false },
      [credential],
      PROOF_NAMES,
    );
    this.#proofs.set(answer, made);
    return made.handle;
  }

  /** A context that nobody else gets. @throws {Error} of OpenSSL */
  make(tls: ServerTls, credentials: readonly Credential[], alpn: readonly string[]): Context {
    const { sessionTimeoutS: timeoutS } = tls;
    const handle = serverTls(optionsOf(tls, credentials, alpn));
    const shares = tls.sessionTickets && tls.ticketKeys.length === 0;
    if (shares) setTicketKeys(handle, this.#tickets.keys(timeoutS));
    else if (tls.sessionTickets) setTicketKeys(handle, tls.ticketKeys.map(bytesOf));
    return { handle, timeoutS, edition: shares ? this.#tickets.edition : undefined };
  }
}

function optionsOf(
  tls: ServerTls,
  certificates: readonly Credential[],
  alpn: readonly string[],
): ServerTlsOptions {
  const { clientCertificate, trustedCertificate, crl, dhParameters, curves, ticketKeys: _, ...rest } = tls;
  return {
    certificates,
    ...(clientCertificate && { clientNames: bytesOf(clientCertificate.text) }),
    ...(trustedCertificate && { trusted: bytesOf(trustedCertificate.text) }),
    ...(crl && { crl: bytesOf(crl.text) }),
    ...(dhParameters && { dh: bytesOf(dhParameters.text) }),
    verify: rest.verify !== 'off',
    depth: rest.verifyDepth,
    ...versionOptions(rest.protocols, bitsOf(tls)),
    ciphers: rest.ciphers,
    ...(rest.cipherSuites !== undefined && { cipherSuites: rest.cipherSuites }),
    ...(curves !== 'auto' && { groups: curves }),
    ...(rest.signatureAlgorithms !== undefined && { signatureAlgorithms: rest.signatureAlgorithms }),
    alpn: alpnBytes(alpn),
    recordBytes: Math.min(RECORD_BYTES, Math.max(LEAST_RECORD_BYTES, rest.bufferBytes)),
    compressCertificates: rest.certificateCompression,
    earlyData: rest.earlyData,
    ...sessionOptions(rest.sessionCache),
    sessionTimeoutS: rest.sessionTimeoutS,
    sessionRealm: resumptionRealm(tls),
  };
}

function bitsOf({ options, preferServerCiphers, sessionTickets }: ServerTls): number {
  const preference = preferServerCiphers ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0;
  return withBit(withBit(options, preference), sessionTickets ? 0 : SSL_OP_NO_TICKET);
}

function sessionOptions(
  cache: SessionCache,
): Pick<ServerTlsOptions, 'sessionMode' | 'cacheName' | 'cacheBytes' | 'builtinEntries'> {
  switch (cache.kind) {
    case 'off':
      return { sessionMode: SESSIONS_OFF };
    case 'none':
      return { sessionMode: SESSIONS_NONE };
    case 'builtin':
      return { sessionMode: SESSIONS_BUILTIN, builtinEntries: cache.entries };
    case 'shared':
      return { sessionMode: SESSIONS_SHARED, cacheName: cache.name, cacheBytes: cache.bytes };
  }
}

/** What is asked of clients: a certificate that satisfied one realm says nothing in another. */
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

/**
 * Where a session may be resumed: only where the same is asked of clients and the same certificates are shown, or a client
 * that trusts one server could be led to another.
 */
function resumptionRealm(tls: ServerTls): Buffer {
  const shown = tls.certificates.map(model => (model.kind === 'pem' ? model.certificate.text : model));
  return createHash('sha256')
    .update(JSON.stringify([sessionRealm(tls), shown]))
    .digest();
}
