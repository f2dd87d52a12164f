/** What is known of a client's TLS session; worked out when it is asked for. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ServerTls } from '#model/l7/tls.ts';
import type { TlsInfo } from '../downstream/downstream.ts';
import { certificateFault } from './chain.ts';
import { sessionRealm } from './context.ts';

export class TlsSession implements TlsInfo {
  readonly serverName: string;
  readonly realm: string;
  readonly socket: TLSSocket;
  readonly #mostBetween: number;
  #fault: string | undefined;
  #judged = false;

  /** @param tls of the server whose certificate was shown */
  constructor(socket: TLSSocket, serverName: string, tls: ServerTls) {
    this.socket = socket;
    this.serverName = serverName;
    this.realm = sessionRealm(tls);
    this.#mostBetween = tls.verifyDepth;
  }

  get hasClientCertificate(): boolean {
    return this.clientCertificate !== undefined;
  }

  get clientCertificate(): X509Certificate | undefined {
    return this.socket.getPeerX509Certificate();
  }

  get protocol(): string {
    return this.socket.getProtocol() ?? '';
  }

  get cipher(): string {
    return this.socket.getCipher().name;
  }

  get curve(): string | undefined {
    const info = this.socket.getEphemeralKeyInfo();
    return info && 'name' in info ? info.name : undefined;
  }

  /** With TLS 1.3 and tickets a server keeps no session, and gives it no identifier. */
  get sessionId(): string {
    return '';
  }

  get resumed(): boolean {
    return this.socket.isSessionReused();
  }

  get alpn(): string {
    return this.socket.alpnProtocol || '';
  }

  get verifyFault(): string | undefined {
    if (!this.#judged && this.hasClientCertificate)
      this.#fault = certificateFault(this.socket, this.#mostBetween);
    this.#judged = true;
    return this.#fault;
  }
}
