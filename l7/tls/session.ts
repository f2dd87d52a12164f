/** What is known of a client's TLS session; worked out when it is asked for. */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { ServerTls } from '#model/l7/tls.ts';
import type { TlsInfo } from '../downstream/downstream.ts';
import { sessionRealm } from './context.ts';

/** The runtime's own names of checks that failed → OpenSSL's words for them, as nginx shows them. */
interface VerifyFault extends Error {
  readonly code: string;
}

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
    if (!this.#judged) this.#fault = this.#judge();
    this.#judged = true;
    return this.#fault;
  }

  #judge(): string | undefined {
    if (!this.hasClientCertificate) return undefined;
    const handle: { verifyError(): VerifyFault | null } = Reflect.get(this.socket, '_handle');
    const fault = handle.verifyError();
    if (fault) return fault.message;
    // The runtime has no way to give OpenSSL a depth.
    return certificatesBetween(this.socket.getPeerCertificate(true)) > this.#mostBetween
      ? 'certificate chain too long'
      : undefined;
  }
}

/** Counts what stands between a certificate and the root that its chain ends in. */
function certificatesBetween(own: PeerCertificate & { issuerCertificate?: PeerCertificate }): number {
  let count = -1;
  let at: typeof own | undefined = own;
  while (at?.issuerCertificate && at.issuerCertificate !== at) {
    at = at.issuerCertificate;
    count++;
  }
  return Math.max(0, count);
}
