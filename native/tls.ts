/** TLS contexts of the addon: OpenSSL's settings for one server, or for the way to servers. */
import { addon, type TlsHandle } from './addon.ts';

export type { TlsHandle } from './addon.ts';

/** A certificate with its key: PEM, or a PKCS#12 bundle. */
export type Credential =
  | {
      /** Its own first, then those that lead to the root. */
      readonly certificate: Uint8Array;
      readonly key: Uint8Array;
      readonly passphrase?: string;
    }
  | { readonly bundle: Uint8Array; readonly passphrase?: string };

/** What both sides have in common; what is absent is OpenSSL's default. */
interface CommonOptions {
  readonly certificates: readonly Credential[];
  /** PEM of certificates that those of the other side may be signed by. */
  readonly trusted?: Uint8Array;
  /** PEM of revocation lists: one for each authority. */
  readonly crl?: Uint8Array;
  /** Whether the other side is asked for a certificate; as client, whether it must be good. */
  readonly verify: boolean;
  /** Certificates between the other side's own and a trusted one, at most. */
  readonly depth: number;
  /** SSL_OP_* bits. */
  readonly options: number;
  /** 0x0303 is TLS 1.2; 0 is no bound. */
  readonly leastVersion: number;
  readonly mostVersion: number;
  readonly ciphers?: string;
  readonly cipherSuites?: string;
  readonly groups?: string;
  readonly signatureAlgorithms?: string;
  /** Names with their lengths before them. */
  readonly alpn?: Uint8Array;
}

export interface ServerTlsOptions extends CommonOptions {
  /** PEM of authorities whose names clients are told; trusted too. */
  readonly clientNames?: Uint8Array;
  /** PEM of DH parameters. */
  readonly dh?: Uint8Array;
  /** 512 to 16384. */
  readonly recordBytes: number;
  readonly compressCertificates: boolean;
  /** Whether bytes are taken that a client sends before the handshake is done. */
  readonly earlyData?: boolean;
  readonly sessionMode: SessionMode;
  readonly cacheName?: string;
  readonly cacheBytes?: number;
  readonly builtinEntries?: number;
  readonly sessionTimeoutS: number;
  /** At most 32 bytes: sessions of one realm are not resumed in another. */
  readonly sessionRealm: Uint8Array;
}

export interface ClientTlsOptions extends CommonOptions {
  /** How many sessions are kept; 0 for none. */
  readonly sessionSlots: number;
}

/** How sessions are kept that have an identifier; the same numbers as in native/src/tls_session.c. */
export const SESSIONS_OFF = 0;
export const SESSIONS_NONE = 1;
export const SESSIONS_BUILTIN = 2;
export const SESSIONS_SHARED = 3;
export type SessionMode = 0 | 1 | 2 | 3;

/** As whom a client connects. */
export interface ClientTls {
  /** What the server's certificate must be for, at most 255 bytes. */
  readonly name: string;
  /** Whether the server is told it (SNI). */
  readonly tell: boolean;
  /** Where the session is kept; -1: nowhere. */
  readonly slot: number;
  /** The slot was another's: its session is not used. */
  readonly fresh: boolean;
}

/** Facts about a session; the same numbers as in native/src/tls_facts.c, which a test compares. */
export const TLS_FACTS = {
  protocol: 0,
  cipher: 1,
  ciphers: 2,
  curve: 3,
  curves: 4,
  sigalg: 5,
  clientSigalg: 6,
  sessionId: 7,
  resumed: 8,
  early: 9,
  verify: 10,
  certificate: 11,
  subject: 12,
  issuer: 13,
  subjectLegacy: 14,
  issuerLegacy: 15,
  serial: 16,
  fingerprint: 17,
  starts: 18,
  ends: 19,
  daysLeft: 20,
} as const;
export type TlsFact = (typeof TLS_FACTS)[keyof typeof TLS_FACTS];

/** @throws {Error} of OpenSSL when it refuses the settings */
export const serverTls = (options: ServerTlsOptions): TlsHandle =>
  addon().tlsContext({ server: true, ...options });

/** @throws {Error} of OpenSSL when it refuses the settings */
export const clientTls = (options: ClientTlsOptions): TlsHandle =>
  addon().tlsContext({ server: false, ...options });

/** @param keys of 48 or 80 bytes, as nginx's key files: the first one seals, all open */
export function setTicketKeys(context: TlsHandle, keys: readonly Uint8Array[]): void {
  addon().tlsTickets(context, keys);
}

/** What clients that ask get along with a certificate, by its rank. @param answer DER of an OCSP response; empty for none */
export function setStaple(context: TlsHandle, index: number, answer: Uint8Array): void {
  addon().tlsStaple(context, index, answer);
}

/** A certificate of a context. */
export interface ShownCertificate {
  /** DER. */
  readonly certificate: Buffer;
  /** DER of who issued it, when that one is in its chain or trusted. */
  readonly issuer?: Buffer;
  /** The URL of the first OCSP responder that it names. */
  readonly responder?: string;
}

/** @returns the certificates of a context, by rank */
export function shownCertificates(context: TlsHandle): ShownCertificate[] {
  const shown: ShownCertificate[] = [];
  for (;;) {
    const next = addon().tlsCertificate(context, shown.length);
    if (!next) return shown;
    shown.push(next);
  }
}
