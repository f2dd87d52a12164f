/** The L4 tier as configured: what all virtual servers share, and the virtual servers. */
import type { SourceFilterModel } from './filter.ts';
import type { SyncModel } from './sync.ts';
import type { VirtualServerModel } from './virtual-server.ts';

/** `auto`: XDP in the driver where it can be, else tc. */
export const ATTACH_MODES = ['auto', 'xdp', 'xdp-generic', 'tc'] as const;
export type AttachMode = (typeof ATTACH_MODES)[number];

/** In the bpffs that every distribution mounts. */
export const L4_PIN_PATH = '/sys/fs/bpf/moat';

export interface AttachModel {
  readonly interface: string;
  readonly mode: AttachMode;
}

/** How long an entry of the connection table lives without a packet, by its state; the defaults are LVS's. */
export interface FlowTimeouts {
  readonly establishedMs: number;
  /** A SYN was seen, and nothing that would answer it. */
  readonly synMs: number;
  /** One side or both have ended, or reset. */
  readonly finMs: number;
  readonly udpMs: number;
}

export const FLOW_TIMEOUTS: FlowTimeouts = {
  establishedMs: 900_000,
  synMs: 60_000,
  finMs: 120_000,
  udpMs: 300_000,
};

/** Addresses from the first to the last, both included, of one family; from them flows of `fullnat` go out. */
export interface SourcePoolModel {
  readonly first: string;
  readonly last: string;
  readonly firstPort: number;
  readonly lastPort: number;
}

export interface L4Model {
  /** Empty: the interfaces by which real servers are reached, and those that hold a virtual address. */
  readonly attach: readonly AttachModel[];
  /** Where programs and maps are pinned; an absolute path in a bpffs, without `/` at its end. */
  readonly pinPath: string;
  /** Most entries of the connection table. */
  readonly connections: number;
  readonly timeouts: FlowTimeouts;
  /** New entries of the connection table a second and CPU; above it flows that need none go on without. 0: no limit. */
  readonly insertsPerSecond: number;
  /** Keys the hashes of Maglev and the source hash; directors that share it agree. Undefined: one that the machine draws and keeps. */
  readonly hashSecret: string | undefined;
  /** After so long without a sign of life from the controller the program stops forwarding. Undefined: it goes on for ever. */
  readonly leaseMs: number | undefined;
  readonly sourcePools: readonly SourcePoolModel[];
  readonly filter: SourceFilterModel;
  /** With which director flows are kept in step; the lines stand in the cluster block. */
  readonly sync: SyncModel | undefined;
  /** Runs scripts of health checks and of `notify`, when moat is root. */
  readonly scriptUser: string;
  /** No two share an address, port and protocol. */
  readonly virtualServers: readonly VirtualServerModel[];
}
