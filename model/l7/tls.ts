/** TLS of a server: what it shows, what it speaks, what it asks of clients, and how sessions are resumed. */
import type { Template } from '../template.ts';
import type { ResolverSettings } from './core.ts';

export const TLS_PROTOCOLS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsProtocol = (typeof TLS_PROTOCOLS)[number];

/** What a file held when the configuration was read (latin1). One object for all that name the file. */
export interface FileText {
  readonly path: string;
  readonly text: string;
}

/** A certificate with its key. Key material: never to be printed. */
export type CertificateModel =
  | {
      readonly kind: 'pem';
      /** The server's certificate first, then those that lead to its root. */
      readonly certificate: FileText;
      readonly key: FileText;
      readonly passphrase: string | undefined;
    }
  /** Certificate and key in one file (RFC 7292). */
  | { readonly kind: 'pkcs12'; readonly bundle: FileText; readonly passphrase: string | undefined }
  /** One that an authority issues while moat runs: an id of AcmeModel. */
  | { readonly kind: 'issued'; readonly id: string }
  /** Paths with variables: read when a client comes. */
  | {
      readonly kind: 'template';
      readonly certificate: Template;
      readonly key: Template;
      readonly passphrases: readonly string[];
      /** Relative paths start here; ends with `/`. */
      readonly confDir: string;
    };

/** How many certificates named by variables are kept, and for how long. */
export interface CertificateCache {
  readonly most: number;
  readonly inactiveMs: number;
  readonly validMs: number;
}

export interface StaplingModel {
  /** An answer made beforehand (DER), instead of asking the responder. */
  readonly file: FileText | undefined;
  /** Overrides the URL that the certificate names. */
  readonly responder: string | undefined;
  /** Whether the answer is checked against `trustedCertificate`. */
  readonly verify: boolean;
  readonly resolver: OcspResolver | undefined;
}

/** Who knows a responder's address; where it is undefined, the system does. */
export interface OcspResolver {
  readonly settings: ResolverSettings;
  readonly timeoutMs: number;
}

/** Whether the authorities of clients are asked about their certificates. */
export interface ClientOcspModel {
  /** The client's own certificate alone, or all that lead to the root too. */
  readonly scope: 'leaf' | 'on';
  /** In place of the URL that a certificate names. */
  readonly responder: string | undefined;
  readonly cache: { readonly name: string; readonly bytes: number } | undefined;
  readonly resolver: OcspResolver | undefined;
}

export type ClientVerify = 'off' | 'on' | 'optional' | 'optional_no_ca';

/** Where sessions are kept that clients resume by an identifier; tickets need no keeping. */
export type SessionCache =
  /** Clients are told that there is none. */
  | { readonly kind: 'off' }
  /** They are not told. */
  | { readonly kind: 'none' }
  /** One in each worker. */
  | { readonly kind: 'builtin'; readonly entries: number }
  | { readonly kind: 'shared'; readonly name: string; readonly bytes: number };

export interface ServerTls {
  readonly certificates: readonly CertificateModel[];
  readonly protocols: readonly TlsProtocol[];
  /** OpenSSL's list for TLS 1.2 and before. */
  readonly ciphers: string;
  /** For TLS 1.3; undefined: OpenSSL's own. */
  readonly cipherSuites: string | undefined;
  readonly preferServerCiphers: boolean;
  /** `auto`, or names joined by colons. */
  readonly curves: string;
  readonly signatureAlgorithms: string | undefined;
  /** PEM; undefined leaves ciphers with ephemeral DH out. */
  readonly dhParameters: FileText | undefined;
  /** OpenSSL's SSL_OP_* bits from ssl_conf_command. */
  readonly options: number;
  readonly bufferBytes: number;
  readonly sessionTimeoutS: number;
  readonly sessionTickets: boolean;
  /** Contents of key files, 48 or 80 bytes (latin1): the first one encrypts. Empty: keys of moat's own. */
  readonly ticketKeys: readonly string[];
  readonly sessionCache: SessionCache;
  readonly verify: ClientVerify;
  /** Certificates between a client's own and a trusted one, at most. */
  readonly verifyDepth: number;
  /** Whose certificates clients may show; their names are sent to clients. */
  readonly clientCertificate: FileText | undefined;
  /** Trusted too, for clients and OCSP answers. */
  readonly trustedCertificate: FileText | undefined;
  readonly crl: FileText | undefined;
  readonly stapling: StaplingModel | undefined;
  readonly ocsp: ClientOcspModel | undefined;
  readonly rejectHandshake: boolean;
  readonly certificateCache: CertificateCache | undefined;
  readonly certificateCompression: boolean;
  /** Whether requests are taken before the handshake is done: they may be replays. */
  readonly earlyData: boolean;
}

/** nginx 1.31's defaults. */
export const TLS_DEFAULTS: Omit<ServerTls, 'certificates'> = {
  protocols: ['TLSv1.2', 'TLSv1.3'],
  ciphers: 'HIGH:!aNULL:!MD5',
  cipherSuites: undefined,
  preferServerCiphers: false,
  curves: 'auto',
  signatureAlgorithms: undefined,
  dhParameters: undefined,
  options: 0,
  bufferBytes: 16_384,
  sessionTimeoutS: 300,
  sessionTickets: true,
  ticketKeys: [],
  sessionCache: { kind: 'none' },
  verify: 'off',
  verifyDepth: 1,
  clientCertificate: undefined,
  trustedCertificate: undefined,
  crl: undefined,
  stapling: undefined,
  ocsp: undefined,
  rejectHandshake: false,
  certificateCache: undefined,
  certificateCompression: false,
  earlyData: false,
};
