/** The Internet checksum (RFC 1071). */

/** Sum of 16-bit words, not folded; an odd byte at the end counts as the high half of a word. */
export function wordSum(bytes: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  return sum;
}

/**
 * The value for the checksum field; over a message that carries its checksum it is 0 when that is right.
 *
 * @param before sum of what counts as if it stood before: a pseudo-header
 */
export function checksum(message: ArrayLike<number>, before = 0): number {
  let sum = before + wordSum(message);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
