/** The Internet checksum (RFC 1071), alone and with the pseudo-header of a message of VRRP. */

export const VRRP_PROTOCOL = 112;

/** Sum of 16-bit words, not folded; an odd byte at the end counts as the high half of a word. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  return bytes.length % 2 === 0 ? sum : sum + (bytes[bytes.length - 1]! << 8);
}

function folded(sum: number): number {
  let left = sum;
  while (left > 0xffff) left = (left & 0xffff) + Math.floor(left / 0x10000);
  return left;
}

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
  let sum = sumOf(message);
  if (pseudo) sum += sumOf(pseudo.source) + sumOf(pseudo.destination) + pseudo.protocol + message.length;
  return ~folded(sum) & 0xffff;
}
