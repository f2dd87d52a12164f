/** Addresses as the maps hold them: 16 bytes on the wire's order, an IPv4 address as ::ffff:a.b.c.d. */
import { addressText as textOf } from '#kit/address-bytes.ts';
import { IpReader } from '#kit/ip.ts';

const MAPPED_WORD = 0xffff;

/** @throws {RangeError} if the text is no address */
export function addressBytes(text: string): Uint8Array {
  const reader = new IpReader();
  if (!reader.read(text)) throw new RangeError(`Cannot read '${text}' as an IP address`);
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  if (reader.family === 4) {
    view.setUint32(8, MAPPED_WORD);
    view.setUint32(12, reader.words[0]!);
  } else {
    for (let at = 0; at < 4; at++) view.setUint32(4 * at, reader.words[at]!);
  }
  return bytes;
}

export const isV4 = (bytes: Uint8Array): boolean =>
  bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every(byte => byte === 0);

/** The 4 or 16 bytes that the address has by itself. */
export const ownBytes = (bytes: Uint8Array): Uint8Array => (isV4(bytes) ? bytes.subarray(12) : bytes);

/** The 16 bytes of an address that is given by its own 4 or 16. */
export function mapped(address: Uint8Array): Uint8Array {
  if (address.length === 16) return address;
  const bytes = new Uint8Array(16).fill(0xff, 10, 12);
  bytes.set(address, 12);
  return bytes;
}

/** `192.0.2.1`, or as RFC 5952 writes an IPv6 address. */
export const addressText = (bytes: Uint8Array): string => textOf(ownBytes(bytes));
