/** What is known of a client's TLS session; worked out when it is asked for. */
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
    return this.socket.getPeerX509Certificate() !== undefined;
  }

  get verifyFault(): string | undefined {
    if (!this.#judged && this.hasClientCertificate)
      this.#fault = certificateFault(this.socket, this.#mostBetween);
    this.#judged = true;
    return this.#fault;
  }
}
