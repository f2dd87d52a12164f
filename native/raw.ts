/** Raw sockets: whole messages of one IP protocol, or whole frames. They need CAP_NET_RAW, and nothing here waits. */
import { addon } from './addon.ts';

export interface RawOptions {
  readonly family: 4 | 6;
  /** The number of the IP protocol: 1 is ICMP, 58 ICMPv6. */
  readonly protocol: number;
  /** With ICMP: only messages of this type come in. */
  readonly icmpType?: number;
  readonly localAddress?: string | undefined;
}

/** @throws code EPERM without CAP_NET_RAW, EADDRNOTAVAIL for an address that is not ours */
export const rawSocket = (options: RawOptions): number => addon().rawSocket({ ...options, localPort: 0 });

/** Sends one message, without an IP header. @throws code EAGAIN when the queue is full, ENETUNREACH and its like */
export const rawSend = (fd: number, address: string, family: 4 | 6, bytes: Uint8Array): void =>
  addon().rawSend(fd, address, family, 0, bytes);

/**
 * Takes one message that has come; of IPv4 the IP header stands before it, of IPv6 not.
 *
 * @returns how much of `buffer` it fills, and who sent it; undefined when nothing waits
 */
export const rawReceive = (
  fd: number,
  buffer: Uint8Array,
): { readonly length: number; readonly address: string } | undefined => addon().rawReceive(fd, buffer);

/**
 * Ethernet frames of one protocol (0x0806 is ARP) that come in by one interface; `rawReceive` takes them, with '' as the sender, and
 * `fs.writeSync` sends one.
 */
export const packetSocket = (interfaceName: string, protocol: number): number =>
  addon().packetSocket(interfaceName, protocol);
