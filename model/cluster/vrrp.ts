/** Virtual routers: which addresses this node may hold, with whom it shares them, and what its right to them hangs on. */
import type { TrackModel } from './track.ts';

export const CHECKSUM_FORMS = ['auto', 'pseudo-header', 'plain'] as const;

export interface VirtualAddress {
  /** In its usual form. */
  readonly address: string;
  readonly prefixBits: number;
  /** Where it is put; undefined: on the interface of the instance. */
  readonly interface: string | undefined;
  readonly label: string | undefined;
  /** Whether advertisements name it. */
  readonly advertised: boolean;
}

export interface UnicastPeer {
  readonly address: string;
  /** Of its packets, the least TTL; 0: any. */
  readonly leastHops: number;
}

/** Gratuitous ARP, unsolicited neighbour advertisements. */
export interface AnnounceModel {
  /** So many at once, and so many again after the delay. */
  readonly repeat: number;
  readonly delayMs: number;
  /** One of each so often while it is active; 0: none. */
  readonly refreshMs: number;
}

export interface VrrpInstanceModel {
  readonly name: string;
  readonly interface: string;
  /** Whether one of several nodes has the addresses; if not this one has them whenever it has no fault, whatever others have. */
  readonly election: boolean;
  /** 1..255; 0 without an election */
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  /** 1..254; 255: the owner of the addresses. */
  readonly priority: number;
  readonly advertMs: number;
  readonly preempt: boolean;
  readonly preemptDelayMs: number;
  /** Whether packets to the addresses are taken while they are held (Accept_Mode). */
  readonly accept: boolean;
  /** The kernel takes the addresses away by itself when nobody renews them. */
  readonly addressLease: boolean;
  readonly strict: boolean;
  readonly checksum: (typeof CHECKSUM_FORMS)[number];
  /** Of version 2; up to 8 bytes, latin1. */
  readonly password: string | undefined;
  /** The address that advertisements come from; undefined: the first of the interface, of IPv6 the link-local one. */
  readonly source: string | undefined;
  /** Undefined: multicast. */
  readonly peers: readonly UnicastPeer[] | undefined;
  readonly addresses: readonly VirtualAddress[];
  readonly announce: AnnounceModel;
  readonly tracks: readonly TrackModel[];
}

/** Instances that are active together, or not at all. */
export interface SyncGroupModel {
  readonly name: string;
  readonly members: readonly string[];
  readonly tracks: readonly TrackModel[];
}
