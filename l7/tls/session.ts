/** What is known of a client's TLS session; asked of OpenSSL when somebody wants to know. */
import type { ServerTls } from '#model/l7/tls.ts';
import { TLS_FACTS } from '#native/tls.ts';
import type { TlsFactName, TlsInfo } from '../downstream/downstream.ts';
import type { StreamTransport } from '../transport/stream.ts';
import { sessionRealm } from './context.ts';

/** OpenSSL's number (X509_V_ERR_CERT_REVOKED). */
const REVOKED = 23;
const FACT_NAMES = Object.keys(TLS_FACTS) as TlsFactName[];

export class TlsSession implements TlsInfo {
  readonly serverName: string;
  readonly realm: string;
  readonly alpn: string;
  readonly #transport: StreamTransport;
  /** What its authority says against the client's certificate. */
  #refused = '';
  /** What a closed connection was, if somebody will still want to know. */
  #kept: Map<TlsFactName, string | undefined> | undefined;

  /** @param tls of the server whose certificate was shown */
  constructor(transport: StreamTransport, serverName: string, tls: ServerTls) {
    this.#transport = transport;
    this.serverName = serverName;
    this.realm = sessionRealm(tls);
    this.alpn = transport.alpn;
  }

  /** @param fault takes the place of what OpenSSL found, which was nothing */
  refuse(fault: string): void {
    this.#refused = `${REVOKED}:${fault}`;
  }

  fact(name: TlsFactName): string | undefined {
    if (name === 'verify' && this.#refused !== '') return this.#refused;
    return this.#kept ? this.#kept.get(name) : this.#transport.tlsFact(TLS_FACTS[name]);
  }

  keep(): void {
    this.#kept ??= new Map(FACT_NAMES.map(name => [name, this.fact(name)]));
  }
}
