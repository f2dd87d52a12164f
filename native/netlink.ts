/** What the kernel knows of interfaces and addresses, and neighbours that it is to keep known (rtnetlink). */
import { addon } from './addon.ts';

const NETLINK_ROUTE = 0;
const HEADER_BYTES = 16;
const MESSAGE = {
  newLink: 16,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newNeighbour: 28,
  deleteNeighbour: 29,
};
const FLAG = { request: 1, acknowledge: 4, dump: 0x300, replace: 0x100, exclusive: 0x200, create: 0x400 };
const FAMILY = { any: 0, IPv4: 2, IPv6: 10 } as const;
const LINK = { address: 1, name: 3, mtu: 4 };
const ADDRESS = { address: 1, local: 2 };
const NEIGHBOUR = { destination: 1, extraFlags: 15 };
/** Neighbour: state `none`, flag "learned elsewhere", further flag "keep it fresh". */
const NUD_NONE = 0;
const NTF_EXT_LEARNED = 0x10;
const NTF_EXT_MANAGED = 1;

export type Link = { index: number; name: string; mtu: number; mac: Uint8Array; up: boolean };
/** 4 or 16 bytes of an address, and the index of its interface. */
export type LocalAddress = { index: number; address: Uint8Array; prefixBits: number };

type Attributes = ReadonlyMap<number, Uint8Array>;

const align = (bytes: number) => (bytes + 3) & ~3;

/** One message: header, the fixed part of its kind, attributes. */
function message(
  type: number,
  flags: number,
  fixed: Uint8Array,
  attributes: [number, Uint8Array][] = [],
): Uint8Array {
  const parts: Uint8Array[] = [new Uint8Array(HEADER_BYTES), fixed];
  for (const [kind, value] of attributes) {
    const part = new Uint8Array(align(4 + value.length));
    new DataView(part.buffer).setUint16(0, 4 + value.length, true);
    new DataView(part.buffer).setUint16(2, kind, true);
    part.set(value, 4);
    parts.push(part);
  }
  const whole = new Uint8Array(Buffer.concat(parts));
  const view = new DataView(whole.buffer);
  view.setUint32(0, whole.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags | FLAG.request, true);
  return whole;
}

function attributesOf(body: Uint8Array, from: number): Attributes {
  const found = new Map<number, Uint8Array>();
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  for (let at = from; at + 4 <= body.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > body.length) break;
    found.set(view.getUint16(at + 2, true) & 0x3fff, body.subarray(at + 4, at + length));
    at += align(length);
  }
  return found;
}

/** The bodies of the answers of one kind. */
function* bodies(answers: Uint8Array, type: number): Generator<Uint8Array> {
  const view = new DataView(answers.buffer, answers.byteOffset, answers.length);
  for (let at = 0; at + HEADER_BYTES <= answers.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES) return;
    if (view.getUint16(at + 4, true) === type) yield answers.subarray(at + HEADER_BYTES, at + length);
    at += align(length);
  }
}

const word = (bytes: Uint8Array, at: number) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);

/** All interfaces of this network namespace. */
export function listLinks(): Link[] {
  const ask = message(MESSAGE.getLink, FLAG.dump, new Uint8Array(16));
  const answers = addon().netlinkAsk(NETLINK_ROUTE, ask, 'list', 'interfaces');
  return Array.from(bodies(answers, MESSAGE.newLink), body => {
    const facts = attributesOf(body, 16);
    return {
      index: word(body, 4),
      up: (word(body, 8) & 1) === 1,
      name: Buffer.from(facts.get(LINK.name) ?? [])
        .toString('latin1')
        .replace(/\0.*$/s, ''),
      mtu: facts.has(LINK.mtu) ? word(facts.get(LINK.mtu)!, 0) : 0,
      mac: facts.get(LINK.address) ?? new Uint8Array(6),
    };
  });
}

/** All addresses of this network namespace. */
export function listAddresses(): LocalAddress[] {
  const ask = message(MESSAGE.getAddress, FLAG.dump, new Uint8Array(8));
  const answers = addon().netlinkAsk(NETLINK_ROUTE, ask, 'list', 'addresses');
  return Array.from(bodies(answers, MESSAGE.newAddress), body => {
    const facts = attributesOf(body, 8);
    const address = facts.get(ADDRESS.local) ?? facts.get(ADDRESS.address) ?? new Uint8Array(4);
    return { index: word(body, 4), prefixBits: body[1]!, address };
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

/** No wait for other hosts that might have the address: it is to be on many. */
const IFA_F_NODAD = 2;

function localAddress(index: number, address: Uint8Array): Uint8Array {
  const fixed = new Uint8Array(8);
  fixed[0] = address.length === 4 ? FAMILY.IPv4 : FAMILY.IPv6;
  fixed[1] = address.length * 8;
  fixed[2] = IFA_F_NODAD;
  new DataView(fixed.buffer).setUint32(4, index, true);
  return fixed;
}

/** Gives an interface an address of its own, with no network around it. @throws {Error} EEXIST if it has it already */
export function addAddress(index: number, address: Uint8Array, name: string): void {
  const ask = message(
    MESSAGE.newAddress,
    FLAG.acknowledge | FLAG.create | FLAG.exclusive,
    localAddress(index, address),
    [[ADDRESS.local, address]],
  );
  addon().netlinkAsk(NETLINK_ROUTE, ask, 'add the address', name);
}

/** Takes it away. @throws {Error} EADDRNOTAVAIL if it is not there */
export function removeAddress(index: number, address: Uint8Array, name: string): void {
  const ask = message(MESSAGE.deleteAddress, FLAG.acknowledge, localAddress(index, address), [
    [ADDRESS.local, address],
  ]);
  addon().netlinkAsk(NETLINK_ROUTE, ask, 'remove the address', name);
}
