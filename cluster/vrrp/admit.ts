/** What is done with a packet that comes in: it is an advertisement, or it is dropped for a reason that is counted (RFC 9568 §7.1). */
import { timingSafeEqual } from 'node:crypto';
import { isLinkLocal, sameAddress } from '#kit/address-bytes.ts';
import { checksum, VRRP_PROTOCOL } from './checksum.ts';
import {
  ADVERTISEMENT,
  type Advertisement,
  AUTH,
  AUTH_BYTES,
  type ChecksumForm,
  type Family,
  HEADER_BYTES,
  INTERVAL_UNIT_MS,
  type Version,
} from './packet.ts';

/** Why a packet is dropped, in the order in which it is asked. */
export const DROP_REASONS = {
  own: 'this router sent it itself',
  destination: 'it was sent to another address than the instance listens on',
  peer: 'its sender is not among the unicast peers',
  ttl: 'its TTL is not 255: it came through a router',
  length: 'it is shorter than it says',
  version: 'it is of another version of VRRP',
  type: 'it is no advertisement',
  checksum: 'its checksum is wrong',
  vrid: 'no instance of this interface has its virtual router ID',
  'auth-type': 'it is authenticated in another way',
  'auth-data': 'its password is another',
  count: 'it names no address',
  'link-local': 'its first address is not link-local',
  interval: 'its interval is 0, or (version 2) not ours',
} as const;
export type DropReason = keyof typeof DROP_REASONS;

/** A packet as it came in. */
export interface Arrival {
  readonly family: Family;
  /** 4 or 16 bytes each. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TTL or hop limit. */
  readonly hops: number;
  /** Without the IP header. */
  readonly message: Uint8Array;
}

/** What an instance takes. */
export interface AdmissionRules {
  readonly version: Version;
  readonly vrid: number;
  readonly family: Family;
  /** Where its packets are sent to: the group, or with unicast our own address; undefined: not known yet. */
  readonly destination: Uint8Array | undefined;
  /** Our own source address. */
  readonly self: Uint8Array | undefined;
  /** With unicast: who may send, and the least TTL from each; undefined: multicast. */
  readonly peers: readonly { readonly address: Uint8Array; readonly leastHops: number }[] | undefined;
  readonly intervalMs: number;
  readonly password: Uint8Array | undefined;
  /** The first address of IPv6 must be link-local (§5.2.9). Off, since many keepalived pairs name global addresses only. */
  readonly strict: boolean;
}

/** Asks in the order of §7.1. */
export function admit(arrival: Arrival, rules: AdmissionRules): Advertisement | DropReason {
  const { message } = arrival;
  const stranger = senderFault(arrival, rules);
  if (stranger) return stranger;
  if (message.length < HEADER_BYTES) return 'length';
  if (message[0]! >> 4 !== rules.version) return 'version';
  if ((message[0]! & 15) !== ADVERTISEMENT) return 'type';
  const width = rules.family === 4 ? 4 : 16;
  const body = HEADER_BYTES + message[3]! * width;
  if (message.length < (rules.version === 2 ? body + AUTH_BYTES : body)) return 'length';
  const form = formOf(arrival, rules.version);
  if (!form) return 'checksum';
  if (message[1] !== rules.vrid) return 'vrid';
  const unauthenticated = rules.version === 2 ? authFault(message, body, rules.password) : undefined;
  if (unauthenticated) return unauthenticated;
  const read = readBody(message, width, rules.version, form);
  return contentFault(read, rules) ?? read;
}

function senderFault({ source, destination, hops }: Arrival, rules: AdmissionRules): DropReason | undefined {
  if (rules.self && sameAddress(source, rules.self)) return 'own';
  if (rules.destination && !sameAddress(destination, rules.destination)) return 'destination';
  if (!rules.peers) return hops === 255 ? undefined : 'ttl';
  const peer = rules.peers.find(({ address }) => sameAddress(address, source));
  if (!peer) return 'peer';
  return hops < peer.leastHops ? 'ttl' : undefined;
}

/** Undefined: the checksum is right in no form. */
function formOf(
  { family, source, destination, message }: Arrival,
  version: Version,
): ChecksumForm | undefined {
  const pseudo = { source, destination, protocol: VRRP_PROTOCOL };
  if (family === 6) return checksum(message, pseudo) === 0 ? 'pseudo-header' : undefined;
  if (version === 3 && checksum(message, pseudo) === 0) return 'pseudo-header';
  return checksum(message) === 0 ? 'plain' : undefined;
}

/** In constant time, so that a password cannot be felt for. */
function authFault(
  message: Uint8Array,
  at: number,
  password: Uint8Array | undefined,
): DropReason | undefined {
  if (message[4] !== (password ? AUTH.password : AUTH.none)) return 'auth-type';
  if (!password) return undefined;
  const wanted = new Uint8Array(AUTH_BYTES);
  wanted.set(password);
  return timingSafeEqual(message.subarray(at, at + AUTH_BYTES), wanted) ? undefined : 'auth-data';
}

function readBody(message: Uint8Array, width: number, version: Version, form: ChecksumForm): Advertisement {
  const units = version === 2 ? message[5]! : ((message[4]! & 15) << 8) | message[5]!;
  return {
    version,
    vrid: message[1]!,
    priority: message[2]!,
    intervalMs: units * INTERVAL_UNIT_MS[version],
    addresses: Array.from({ length: message[3]! }, (_, at) =>
      message.slice(HEADER_BYTES + at * width, HEADER_BYTES + (at + 1) * width),
    ),
    form,
  };
}

/** Errata 8299 (count), 8300 (link-local) and 8301 (interval); RFC 3768 §7.1 for the interval of version 2. */
function contentFault(
  { addresses, intervalMs }: Advertisement,
  rules: AdmissionRules,
): DropReason | undefined {
  const [first] = addresses;
  if (!first) return 'count';
  if (rules.strict && rules.family === 6 && !isLinkLocal(first)) return 'link-local';
  if (intervalMs === 0 || (rules.version === 2 && intervalMs !== rules.intervalMs)) return 'interval';
  return undefined;
}
