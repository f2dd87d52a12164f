/** Addresses as keys of bans: one of IPv4, a network of IPv6, for who has one has all of it. */
import { toNetwork } from '#kit/cidr.ts';
import type { IpReader } from '#kit/ip.ts';

/** @returns `192.0.2.1` or `2001:db8:1:2::/64`; '' when the text is no address (a client of a Unix socket) */
export function addressKey(reader: IpReader, address: string, ip6Bits: number): string {
  if (!reader.read(address)) return '';
  if (reader.family === 4 || ip6Bits === 128) return reader.format();
  toNetwork(reader, ip6Bits);
  return `${reader.format()}/${ip6Bits}`;
}
