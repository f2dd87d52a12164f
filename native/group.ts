/** Raw sockets of one IP protocol on one interface, in a multicast group or not. They need CAP_NET_RAW, and nothing here waits. */
import { addon, type GroupArrival } from './addon.ts';

export type { GroupArrival } from './addon.ts';

export interface GroupOptions {
  readonly family: 4 | 6;
  /** The number of the IP protocol. */
  readonly protocol: number;
  /** Of the interface; 0: any. */
  readonly index: number;
  /** 4 or 16 bytes; without one only unicast comes in. What this socket sends to it does not come back. */
  readonly group?: Uint8Array | undefined;
}

/** @throws code EPERM without CAP_NET_RAW, ENODEV when there is no such interface */
export const groupSocket = (options: GroupOptions): number => addon().groupSocket(options);

/**
 * Sends one message, without an IP header, with a hop limit of 255.
 *
 * @param source 4 or 16 bytes: an address of this host @throws code ENETUNREACH, EADDRNOTAVAIL, EINVAL and their like
 */
export const groupSend = (
  fd: number,
  destination: Uint8Array,
  source: Uint8Array,
  index: number,
  bytes: Uint8Array,
): void => addon().groupSend(fd, destination, source, index, bytes);

/** Takes one message that has come. @returns undefined when nothing waits @throws code ENETDOWN and its like */
export const groupReceive = (fd: number, buffer: Uint8Array): GroupArrival | undefined =>
  addon().groupReceive(fd, buffer);
