/** A virtual server: the addresses that clients know, and the real servers behind them. */
import type { SourceFilterModel } from './filter.ts';
import type { L4CheckModel } from './health.ts';
import type { SchedulerModel } from './scheduler.ts';

/** `dr`: the frame gets the real server's MAC; `nat`: its address, replies come back; `fullnat`: our source too; `tun`: wrapped. */
export const FORWARD_MODES = ['dr', 'nat', 'fullnat', 'tun'] as const;
export type ForwardMode = (typeof FORWARD_MODES)[number];

export const L4_PROTOCOLS = ['tcp', 'udp'] as const;
export type L4Protocol = (typeof L4_PROTOCOLS)[number];

/** What the addresses of a virtual server are for; `tcp+udp`: some for this, some for that, scheduled as one. */
export type ServiceProtocol = L4Protocol | 'tcp+udp';

/** What becomes of the flows of a real server that is dead or gone: a reset, another real server, or all goes on as if nothing were. */
export const DEAD_POLICIES = ['rst', 'reselect', 'keep'] as const;
export type DeadPolicy = (typeof DEAD_POLICIES)[number];

export const TUNNELS = ['ipip', 'gue'] as const;

export interface TunnelModel {
  readonly kind: (typeof TUNNELS)[number];
  /** UDP port of the far end; of `gue` only. */
  readonly port: number;
}

/** Addresses and ports from the first to the last, both included; the addresses are of one family, in their usual form. */
export interface VirtualAddressModel {
  readonly protocol: L4Protocol;
  readonly first: string;
  readonly last: string;
  /** 0 with lastPort 0: every port that no other virtual server of the address has. */
  readonly firstPort: number;
  readonly lastPort: number;
}

export interface PersistenceModel {
  readonly timeoutMs: number;
  /** Clients of one network of so many bits count as one. */
  readonly bits4: number;
  readonly bits6: number;
}

/** `drain`: no new flows, what is there may end until the deadline; `down`: as if it were not there. */
export const REAL_SERVER_STATES = ['ready', 'drain', 'down'] as const;
export type RealServerState = (typeof REAL_SERVER_STATES)[number];

/** What an operator may say of a real server's health, whatever its checks say. */
export const FORCED_HEALTH = ['up', 'down'] as const;
export type ForcedHealth = (typeof FORCED_HEALTH)[number];

export interface RealServerModel {
  /** As written: its name in logs, figures and commands. */
  readonly name: string;
  /** An IP address in its usual form. */
  readonly address: string;
  /** 0: the port that the client asked for. */
  readonly port: number;
  readonly mode: ForwardMode;
  /** 0..65535; 0: no new flows. */
  readonly weight: number;
  /** At so many connections it counts as full; 0: never. */
  readonly upper: number;
  /** Below so many a full one takes new ones again; 0: three quarters of `upper`, as LVS has it. */
  readonly lower: number;
  readonly state: RealServerState;
  /** By command only; undefined: its checks say. */
  readonly health?: ForcedHealth | undefined;
  readonly site: { readonly file: string; readonly line: number };
}

/** Stands in for all real servers while the quorum is lost; it is not checked. */
export type SorryServerModel = Pick<RealServerModel, 'name' | 'address' | 'port' | 'mode'>;

/** Gained at `weight` + `hysteresis` of living weight, lost below `weight` - `hysteresis`, or when nothing lives. */
export interface QuorumModel {
  readonly weight: number;
  readonly hysteresis: number;
}

/** Most of something; 0: no limit. */
export interface TrafficLimit {
  readonly synsPerSecond: number;
  readonly packetsPerSecond: number;
  /** Open at once. */
  readonly connections: number;
}

export const NO_LIMIT: TrafficLimit = { synsPerSecond: 0, packetsPerSecond: 0, connections: 0 };

export const NOTIFY_EVENTS = ['real_up', 'real_down', 'quorum_up', 'quorum_down'] as const;
export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

export interface NotifyModel {
  readonly event: NotifyEvent;
  /** A program and its arguments; no shell reads them. */
  readonly command: readonly string[];
}

export interface DrainModel {
  /** After so long connections that are left are treated by `onDead`; 0: they may take as long as they like. */
  readonly deadlineMs: number;
  /** Whether new connections of persistent clients still go to a real server that drains, as in LVS. */
  readonly keepsPersistent: boolean;
}

/** Of TCP by `nat` and `fullnat`. */
export interface SynCookiesModel {
  /** SYNs a second from which on they are answered by cookies; 0: all are. */
  readonly threshold: number;
}

export interface VirtualServerModel {
  /** As written, `10.0.0.1:80 10.0.0.1:443 tcp`: its name in logs, figures and commands. */
  readonly name: string;
  readonly protocol: ServiceProtocol;
  /** At least one; all are scheduled as one, and share persistence. */
  readonly addresses: readonly VirtualAddressModel[];
  readonly scheduler: SchedulerModel;
  readonly tunnel: TunnelModel;
  readonly persistence: PersistenceModel | undefined;
  readonly onDead: DeadPolicy;
  /** Each datagram is scheduled by itself; of UDP only. */
  readonly onePacket: boolean;
  /** A dead real server stays in the tables with weight 0 instead of leaving them, so its flows go on. */
  readonly inhibit: boolean;
  /** Undefined: real servers answer every SYN themselves. */
  readonly synCookies: SynCookiesModel | undefined;
  readonly drain: DrainModel;
  /** What one client address may have of this virtual server. */
  readonly sourceLimit: TrafficLimit;
  /** What the virtual server takes at all. */
  readonly limit: TrafficLimit;
  readonly filter: SourceFilterModel;
  readonly realServers: readonly RealServerModel[];
  readonly sorryServer: SorryServerModel | undefined;
  readonly quorum: QuorumModel;
  /** Each real server has to pass all that are meant for it. */
  readonly checks: readonly L4CheckModel[];
  readonly notify: readonly NotifyModel[];
  readonly site: { readonly file: string; readonly line: number };
}
