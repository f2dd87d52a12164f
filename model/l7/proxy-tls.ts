/** Settings of the proxy module for TLS to servers. */
import type { Template } from '../template.ts';
import { type CertificateCache, type FileText, TLS_PROTOCOLS, type TlsProtocol } from './tls.ts';

/** A file that was read with the configuration, or one whose path has variables: read when a server is connected to. */
export type OwnFile = FileText | { readonly template: Template; readonly confDir: string };

export interface ProxyTlsSettings {
  /** Whether the server's certificate must be good, and for the name. */
  readonly verify: boolean;
  /** Certificates between the server's own and a trusted one, at most. */
  readonly verifyDepth: number;
  readonly trustedCertificate: FileText | undefined;
  readonly crl: FileText | undefined;
  /** moat's own certificate, with its key; PEM. */
  readonly certificate: OwnFile | undefined;
  readonly certificateKey: OwnFile | undefined;
  /** Of certificates whose paths have variables. */
  readonly certificateCache: CertificateCache | undefined;
  readonly passwords: readonly string[];
  /** Undefined: the host of proxy_pass. */
  readonly name: Template | undefined;
  /** Whether the name is told to the server (SNI). */
  readonly serverName: boolean;
  readonly sessionReuse: boolean;
  readonly protocols: readonly TlsProtocol[];
  /** OpenSSL's list for TLS 1.2 and before. */
  readonly ciphers: string;
  readonly commands: TlsCommands;
}

/** What OpenSSL's configuration commands set; they go before the directives of the same matter. */
export interface TlsCommands {
  readonly options?: number;
  readonly ciphers?: string;
  readonly cipherSuites?: string;
  readonly curves?: string;
  readonly signatureAlgorithms?: string;
  readonly sessionTickets?: boolean;
  readonly preferServerCiphers?: boolean;
  /** In place of what the protocols directive names. */
  readonly protocols?: readonly TlsProtocol[];
  /** They narrow either. */
  readonly minProtocol?: TlsProtocol;
  readonly maxProtocol?: TlsProtocol;
}

export const PROXY_TLS_DEFAULTS: ProxyTlsSettings = {
  verify: false,
  verifyDepth: 1,
  trustedCertificate: undefined,
  crl: undefined,
  certificate: undefined,
  certificateKey: undefined,
  certificateCache: undefined,
  passwords: [],
  name: undefined,
  serverName: false,
  sessionReuse: true,
  protocols: ['TLSv1.2', 'TLSv1.3'],
  ciphers: 'DEFAULT',
  commands: {},
};

/** @returns what is spoken when a protocols directive and commands are taken together */
export function protocolsBy(
  protocols: readonly TlsProtocol[],
  { protocols: instead = protocols, minProtocol, maxProtocol }: TlsCommands,
): readonly TlsProtocol[] {
  const least = minProtocol ? TLS_PROTOCOLS.indexOf(minProtocol) : 0;
  const most = maxProtocol ? TLS_PROTOCOLS.indexOf(maxProtocol) : TLS_PROTOCOLS.length;
  return instead.filter(protocol => {
    const at = TLS_PROTOCOLS.indexOf(protocol);
    return at >= least && at <= most;
  });
}
