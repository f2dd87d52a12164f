/** The checksum of messages of VRRP: with a pseudo-header. */
import { checksum as internetChecksum, wordSum } from '#kit/internet-checksum.ts';

export const VRRP_PROTOCOL = 112;

export interface PseudoHeader {
  /** 4 or 16 bytes each. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
}

/**
 * The value for the checksum field; over a message that carries its checksum it is 0 when that is right.
 *
 * @param pseudo counted as if it stood before the message: source, destination, length, protocol (RFC 9568 §5.2.8,
 *   RFC 8200 §8.1); the shorter one of IPv4 gives the same sum, since its other bytes are zero
 */
export function checksum(message: Uint8Array, pseudo?: PseudoHeader): number {
  if (!pseudo) return internetChecksum(message);
  const { source, destination, protocol } = pseudo;
  return internetChecksum(message, wordSum(source) + wordSum(destination) + protocol + message.length);
}
