/** What OpenSSL found out about the other side's certificate. */
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/**
 * @param most certificates that may stand between the peer's own and a trusted one: the runtime has no way to tell OpenSSL
 * @returns what is wrong, in OpenSSL's words; undefined when the certificate is good, or when there is none
 */
export function certificateFault(socket: TLSSocket, most: number): string | undefined {
  const handle: { verifyError(): Error | null } = Reflect.get(socket, '_handle');
  const fault = handle.verifyError();
  if (fault) return fault.message;
  const own = socket.getPeerCertificate(true);
  return own && certificatesBetween(own) > most ? 'certificate chain too long' : undefined;
}

/** Counts what stands between a certificate and the root that its chain ends in; the root is its own issuer. */
function certificatesBetween(own: DetailedPeerCertificate): number {
  let count = -1;
  for (let at = own; at.issuerCertificate && at.issuerCertificate !== at; at = at.issuerCertificate) count++;
  return count;
}
