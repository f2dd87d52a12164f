/** Frames that tell a network where an address is now: gratuitous ARP (RFC 5227 §3) and unsolicited neighbour advertisements (RFC 4861 §4.4). */
import { checksum } from './checksum.ts';

const ETHERTYPE = { arp: 0x0806, IPv6: 0x86dd } as const;
const BROADCAST = new Uint8Array(6).fill(0xff);
/** 33:33:00:00:00:01, all nodes of the link. */
const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);
const ALL_NODES = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
const TARGET_LINK_ADDRESS = 2;
const FLAG = { router: 0x80, override: 0x20 } as const;

export interface Where {
  /** 6 bytes. */
  readonly mac: Uint8Array;
  /** Whether this host forwards IPv6: the R flag. */
  readonly isRouter: boolean;
}

/** @param address 4 or 16 bytes */
export const announcementOf = (address: Uint8Array, where: Where): Uint8Array =>
  address.length === 4 ? gratuitousArp(address, where.mac) : neighbourAdvertisement(address, where);

const word = (value: number) => [value >> 8, value & 255];

const framed = (to: Uint8Array, from: Uint8Array, type: number, packet: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.concat([to, from, Uint8Array.from(word(type)), packet]));

/** As keepalived sends it: a request, whose sender and target address are the virtual one, to all. */
function gratuitousArp(address: Uint8Array, mac: Uint8Array): Uint8Array {
  const head = Uint8Array.of(...word(1), ...word(0x0800), 6, 4, ...word(1));
  const packet = Buffer.concat([head, mac, address, BROADCAST, address]);
  return framed(BROADCAST, mac, ETHERTYPE.arp, packet);
}

/** S is not set, O is: whoever knows another place forgets it. */
function neighbourAdvertisement(address: Uint8Array, { mac, isRouter }: Where): Uint8Array {
  const flags = FLAG.override | (isRouter ? FLAG.router : 0);
  const message = Buffer.concat([
    Uint8Array.of(NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0),
    address,
    Uint8Array.of(TARGET_LINK_ADDRESS, 1),
    mac,
  ]);
  const sum = checksum(message, { source: address, destination: ALL_NODES, protocol: ICMPV6 });
  message.writeUInt16BE(sum, 2);
  const head = Uint8Array.of(0x60, 0, 0, 0, ...word(message.length), ICMPV6, 255);
  return framed(ALL_NODES_MAC, mac, ETHERTYPE.IPv6, Buffer.concat([head, address, ALL_NODES, message]));
}
