/** What the kernel knows of interfaces and addresses, and neighbours that it is to keep known (rtnetlink). */
import { addon } from './addon.ts';
import { attributesOf, bodies, FLAG, message, NETLINK_ROUTE, textOf, word } from './netlink-message.ts';

const MESSAGE = {
  newLink: 16,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newNeighbour: 28,
  deleteNeighbour: 29,
  getNeighbour: 30,
};
const FAMILY = { any: 0, IPv4: 2, IPv6: 10 } as const;
const LINK = { address: 1, name: 3, mtu: 4, peer: 5, master: 10, info: 18, peerNamespace: 37 };
/** Within the info of a link. */
const KIND = 1;
const ADDRESS = { address: 1, local: 2, label: 3, lifetimes: 6, flags: 8 };
const NEIGHBOUR = { destination: 1, linkAddress: 2, extraFlags: 15 };
/** Neighbour: state `none`, flag "learned elsewhere", further flag "keep it fresh". */
const NUD_NONE = 0;
const NTF_EXT_LEARNED = 0x10;
const NTF_EXT_MANAGED = 1;

/** `up`: it is switched on; `running`: and its wire carries. */
export type Link = {
  index: number;
  name: string;
  mtu: number;
  mac: Uint8Array;
  up: boolean;
  running: boolean;
  /** Of a virtual one: `veth`, `bridge`, `vlan`; '' for the others. */
  kind: string;
  /** Index of the bridge or bond that it is part of; 0: of none. */
  master: number;
  /** Index of what it is made on, or of its other end; 0: of none, or in another namespace. */
  peer: number;
};
/** 4 or 16 bytes of an address, and the index of its interface. */
export type LocalAddress = {
  index: number;
  address: Uint8Array;
  prefixBits: number;
  /** Another one of its network was there first (IPv4). */
  secondary: boolean;
  /** It is not known yet whether another host has it, or one has (IPv6). */
  tentative: boolean;
};
const IFF = { up: 1, running: 0x40 };

/** All interfaces of this network namespace. */
export function listLinks(): Link[] {
  const ask = message(MESSAGE.getLink, FLAG.dump, new Uint8Array(16));
  const answers = addon().netlinkAsk(NETLINK_ROUTE, ask, 'list', 'interfaces');
  return Array.from(bodies(answers, MESSAGE.newLink), body => {
    const facts = attributesOf(body, 16);
    return {
      index: word(body, 4),
      up: (word(body, 8) & IFF.up) !== 0,
      running: (word(body, 8) & IFF.running) !== 0,
      name: textOf(facts.get(LINK.name)),
      mtu: facts.has(LINK.mtu) ? word(facts.get(LINK.mtu)!, 0) : 0,
      mac: facts.get(LINK.address) ?? new Uint8Array(6),
      kind: kindOf(facts.get(LINK.info)),
      master: facts.has(LINK.master) ? word(facts.get(LINK.master)!, 0) : 0,
      peer: facts.has(LINK.peer) && !facts.has(LINK.peerNamespace) ? word(facts.get(LINK.peer)!, 0) : 0,
    };
  });
}

const kindOf = (info: Uint8Array | undefined): string => textOf(info && attributesOf(info, 0).get(KIND));

/** All addresses of this network namespace. */
export function listAddresses(): LocalAddress[] {
  const ask = message(MESSAGE.getAddress, FLAG.dump, new Uint8Array(8));
  const answers = addon().netlinkAsk(NETLINK_ROUTE, ask, 'list', 'addresses');
  return Array.from(bodies(answers, MESSAGE.newAddress), body => {
    const facts = attributesOf(body, 8);
    const address = facts.get(ADDRESS.local) ?? facts.get(ADDRESS.address) ?? new Uint8Array(4);
    const flags = facts.has(ADDRESS.flags) ? word(facts.get(ADDRESS.flags)!, 0) : body[2]!;
    return {
      index: word(body, 4),
      prefixBits: body[1]!,
      address,
      secondary: (flags & IFA_F.secondary) !== 0 && address.length === 4,
      tentative: (flags & (IFA_F.tentative | IFA_F.dadFailed)) !== 0,
    };
  });
}

/** RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE */
const CHANGES = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

/** A descriptor that becomes readable when an interface, an address or a route changes. */
export const listenToChanges = (): number => addon().netlinkListen(NETLINK_ROUTE, CHANGES);

/** Reads all that waits there; what has changed is for the lists to tell. */
export const drainChanges = (fd: number): void => addon().netlinkDrain(fd);

/** A host of a network that this one is in, as the kernel knows it now. */
export type NeighbourEntry = {
  index: number;
  address: Uint8Array;
  /** Undefined: it is asked for, or nobody answered. */
  mac: Uint8Array | undefined;
  /** Nobody has answered for it. */
  failed: boolean;
};

const NUD_FAILED = 0x20;

/** All neighbours that are known or asked for. */
export function listNeighbours(): NeighbourEntry[] {
  const ask = message(MESSAGE.getNeighbour, FLAG.dump, new Uint8Array(12));
  const answers = addon().netlinkAsk(NETLINK_ROUTE, ask, 'list', 'neighbours');
  return Array.from(bodies(answers, MESSAGE.newNeighbour), body => {
    const facts = attributesOf(body, 12);
    return {
      index: word(body, 4),
      address: facts.get(NEIGHBOUR.destination) ?? new Uint8Array(4),
      mac: facts.get(NEIGHBOUR.linkAddress),
      failed: ((body[8]! | (body[9]! << 8)) & NUD_FAILED) !== 0,
    };
  });
}

function neighbour(index: number, address: Uint8Array): Uint8Array {
  const fixed = new Uint8Array(12);
  const view = new DataView(fixed.buffer);
  fixed[0] = address.length === 4 ? FAMILY.IPv4 : FAMILY.IPv6;
  view.setInt32(4, index, true);
  view.setUint16(8, NUD_NONE, true);
  fixed[10] = NTF_EXT_LEARNED;
  return fixed;
}

/**
 * Lets the kernel keep the link address of a neighbour known for as long as this stands: it asks, and asks again, by itself
 * (Linux 5.16).
 *
 * @param index of the interface; `address`: 4 or 16 bytes
 */
export function manageNeighbour(index: number, address: Uint8Array, name: string): void {
  const extra = new Uint8Array(4);
  new DataView(extra.buffer).setUint32(0, NTF_EXT_MANAGED, true);
  const ask = message(
    MESSAGE.newNeighbour,
    FLAG.acknowledge | FLAG.create | FLAG.replace,
    neighbour(index, address),
    [
      [NEIGHBOUR.destination, address],
      [NEIGHBOUR.extraFlags, extra],
    ],
  );
  addon().netlinkAsk(NETLINK_ROUTE, ask, 'keep known the neighbour', name);
}

/** Ends that, and forgets the neighbour. @throws {Error} ENOENT if there is none */
export function forgetNeighbour(index: number, address: Uint8Array, name: string): void {
  const ask = message(MESSAGE.deleteNeighbour, FLAG.acknowledge, neighbour(index, address), [
    [NEIGHBOUR.destination, address],
  ]);
  addon().netlinkAsk(NETLINK_ROUTE, ask, 'forget the neighbour', name);
}

const IFA_F = { secondary: 0x01, noDad: 0x02, dadFailed: 0x08, tentative: 0x40, noPrefixRoute: 0x200 };
const FOR_EVER = 0xffff_ffff;

export interface AddressOptions {
  /** Bits of the network around it, to which it gives a route; all of its own if absent: no network. */
  readonly prefixBits?: number | undefined;
  /** As `ip address` shows it; IPv4 only. */
  readonly label?: string | undefined;
  /** The kernel takes it away when so many seconds have passed since it was last given: 1 or more; for ever if absent. */
  readonly goodForS?: number | undefined;
}

function localAddress(index: number, address: Uint8Array, { prefixBits }: AddressOptions): Uint8Array {
  const fixed = new Uint8Array(8);
  fixed[0] = address.length === 4 ? FAMILY.IPv4 : FAMILY.IPv6;
  fixed[1] = prefixBits ?? address.length * 8;
  new DataView(fixed.buffer).setUint32(4, index, true);
  return fixed;
}

/** No wait for other hosts that might have it; for how long it is good, and good as a source: an IPv6 address of many hosts is nobody's to begin connections with. */
function attributesFor(
  address: Uint8Array,
  { prefixBits = address.length * 8, label, goodForS }: AddressOptions,
): [number, Uint8Array][] {
  const flags = new Uint8Array(4);
  const isAlone = prefixBits === address.length * 8;
  new DataView(flags.buffer).setUint32(0, IFA_F.noDad | (isAlone ? IFA_F.noPrefixRoute : 0), true);
  const attributes: [number, Uint8Array][] = [[ADDRESS.flags, flags]];
  const goodS = goodForS ?? FOR_EVER;
  const lifetimes = new DataView(new ArrayBuffer(16));
  lifetimes.setUint32(0, address.length === 16 ? 0 : goodS, true);
  lifetimes.setUint32(4, goodS, true);
  attributes.push([ADDRESS.lifetimes, new Uint8Array(lifetimes.buffer)]);
  if (label !== undefined) attributes.push([ADDRESS.label, Buffer.from(`${label}\0`, 'latin1')]);
  return attributes;
}

/** Gives an interface an address. @throws {Error} EEXIST if it has it already */
export const addAddress = (
  index: number,
  address: Uint8Array,
  name: string,
  options?: AddressOptions,
): void => giveAddress(FLAG.exclusive, 'add the address', index, address, name, options);

/** Lets the time of `goodForS` begin anew; an address that has gone is given again. */
export const renewAddress = (
  index: number,
  address: Uint8Array,
  name: string,
  options?: AddressOptions,
): void => giveAddress(FLAG.replace, 'renew the address', index, address, name, options);

function giveAddress(
  how: number,
  what: string,
  index: number,
  address: Uint8Array,
  name: string,
  options: AddressOptions = {},
): void {
  const ask = message(
    MESSAGE.newAddress,
    FLAG.acknowledge | FLAG.create | how,
    localAddress(index, address, options),
    [[ADDRESS.local, address], ...attributesFor(address, options)],
  );
  addon().netlinkAsk(NETLINK_ROUTE, ask, what, name);
}

/** A message that takes it away. */
export const removalOf = (index: number, address: Uint8Array, options: AddressOptions = {}): Uint8Array =>
  message(MESSAGE.deleteAddress, FLAG.acknowledge, localAddress(index, address, options), [
    [ADDRESS.local, address],
  ]);

/** Takes it away. @throws {Error} EADDRNOTAVAIL if it is not there */
export function removeAddress(
  index: number,
  address: Uint8Array,
  name: string,
  options?: AddressOptions,
): void {
  addon().netlinkAsk(NETLINK_ROUTE, removalOf(index, address, options), 'remove the address', name);
}
