/** IP addresses as the wire has them: 4 or 16 bytes. */
import { IpReader } from './ip.ts';

/** @throws {RangeError} if the text is no address */
export function addressBytes(text: string): Uint8Array {
  const reader = new IpReader();
  if (!reader.read(text)) throw new RangeError(`Cannot read '${text}' as an IP address`);
  return new Uint8Array(Buffer.from(reader.bytes(), 'latin1'));
}

/** In its usual form (RFC 5952). */
export function addressText(bytes: Uint8Array): string {
  const reader = new IpReader();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  reader.family = bytes.length === 4 ? 4 : 6;
  for (let at = 0; at < bytes.length / 4; at++) reader.words[at] = view.getUint32(4 * at);
  return reader.format();
}

export const sameAddress = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** fe80::/10 */
export const isLinkLocal = (address: Uint8Array): boolean =>
  address.length === 16 && address[0] === 0xfe && (address[1]! & 0xc0) === 0x80;

/** Whether the first `prefixBits` of both are the same; addresses of two families never lie within each other. */
export function isWithin(
  address: Uint8Array,
  network: { readonly address: Uint8Array; readonly prefixBits: number },
): boolean {
  if (address.length !== network.address.length) return false;
  for (let bit = 0; bit < network.prefixBits; bit++) {
    const mask = 0x80 >> (bit & 7);
    if ((address[bit >> 3]! & mask) !== (network.address[bit >> 3]! & mask)) return false;
  }
  return true;
}
