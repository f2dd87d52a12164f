/** Networks of addresses, as they are written: `10.0.0.0/8`, `2001:db8::/32`. */
import { IpReader } from './ip.ts';

/** A network as text; `unix:` with 0 bits stands for clients of Unix sockets. */
export interface Cidr {
  /** The lowest address, in its usual form. */
  readonly address: string;
  /** 0..32 for IPv4, 0..128 for IPv6. */
  readonly bits: number;
}

export const UNIX_CIDR: Cidr = { address: 'unix:', bits: 0 };

/** Networks of IPv4 in the guise of IPv6 lie below this many bits. */
const MAPPED_BITS = 96;

/**
 * Reads a network, or an address as the network of itself.
 *
 * @returns undefined when the text is neither; `lowBits` tells that it had bits set below the network
 */
export function parseCidr(text: string): { readonly cidr: Cidr; readonly lowBits: boolean } | undefined {
  const [, address = '', written] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const reader = new IpReader();
  if (!reader.read(address)) return undefined;
  const most = address.includes(':') ? 128 : 32;
  const width = written === undefined ? most : Number(written);
  const bits = reader.family === 4 && most === 128 ? width - MAPPED_BITS : width;
  if (width > most || bits < 0) return undefined;
  const before = reader.format();
  toNetwork(reader, bits);
  const lowest = reader.format();
  return { cidr: { address: lowest, bits }, lowBits: lowest !== before };
}

/** Clears what lies below the first `bits` bits of the address that was read. */
export function toNetwork({ family, words }: IpReader, bits: number): void {
  for (let at = 0; at < (family === 4 ? 1 : 4); at++) words[at] = words[at]! & maskOf(bits, at);
}

/** The bits of the word `at` that belong to a network of so many bits. */
export function maskOf(bits: number, at: number): number {
  const kept = Math.min(Math.max(bits - at * 32, 0), 32);
  return kept === 0 ? 0 : (0xffffffff << (32 - kept)) >>> 0;
}
