/** Addresses as the maps hold them: 16 bytes on the wire's order, an IPv4 address as ::ffff:a.b.c.d. */
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

/** `192.0.2.1`, or the eight groups of an IPv6 address with its longest run of zeros left out (RFC 5952). */
export function addressText(bytes: Uint8Array): string {
  if (isV4(bytes)) return bytes.subarray(12).join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(2 * at).toString(16)).join(':');
  const runs = [...groups.matchAll(/\b0(?::0)+\b/g)].sort(([a], [b]) => b.length - a.length);
  const [longest] = runs;
  if (!longest) return groups;
  const [zeros] = longest;
  const head = groups.slice(0, longest.index).replace(/:$/, '');
  return `${head}::${groups.slice(longest.index + zeros.length).replace(/^:/, '')}`;
}
