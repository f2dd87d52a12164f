/** What the compiler gives the plane: plain data that says what the maps must hold, and what has to change in them. */
import type { SourceFilterModel } from '#model/l4/filter.ts';
import type { FlowTimeouts, SourcePoolModel } from '#model/l4/l4.ts';
import type {
  DeadPolicy,
  DrainModel,
  ForwardMode,
  L4Protocol,
  PersistenceModel,
  ServiceProtocol,
  SynCookiesModel,
  TrafficLimit,
  TunnelModel,
} from '#model/l4/virtual-server.ts';

/** An address and port that a service answers for; port 0 takes every port that has no endpoint of its own. */
export interface ServiceEndpoint {
  readonly address: string;
  readonly port: number;
  readonly protocol: L4Protocol;
}

/** Which flows a real server is given beside those it has: every kind, those of clients that persist there, or none. */
export type Intake = 'all' | 'persistent' | 'none';

/** What becomes of a packet whose flow belongs to the real server. `reselect`: as if it were the first of a flow. */
export type FlowFate = 'forward' | 'rst' | 'reselect';

export interface RealTable {
  /** 1..; stays the same while the real server is configured, and is given away again only after `releaseReal`. */
  readonly id: number;
  /** Of its service. */
  readonly serviceId: number;
  readonly name: string;
  readonly address: string;
  /** 0: the port that the client asked for. */
  readonly port: number;
  readonly mode: ForwardMode;
  /** The weight now: the configured one, that of a dynamic check, or 0 while it drains or is inhibited. */
  readonly weight: number;
  /** Connections at which it counts as full (0: never), and below which it takes new ones again. */
  readonly upper: number;
  readonly lower: number;
  readonly intake: Intake;
  readonly fate: FlowFate;
}

/**
 * How a new flow finds its real server. All lists hold ids of real servers; an empty one means that there is none. A full
 * real server (`upper`) is passed over: ring and order go on to the next slot, scores leave it out.
 */
export type Selection =
  /** `slots[hash(key) % slots.length]`; the hash is keyed by `hashKey`. */
  | { readonly kind: 'ring'; readonly key: RingKey; readonly slots: Uint32Array }
  /** `slots[turn++ % slots.length]`, one counter for all CPUs. */
  | { readonly kind: 'order'; readonly slots: Uint32Array }
  /** The least score by `rule` (l4/schedulers/score.ts) among `reals`. */
  | { readonly kind: 'score'; readonly rule: ScoreRule; readonly reals: Uint32Array }
  /** As long as it is good, the real server (lblcr: one of those) that the destination had before; else the least wlc score. */
  | { readonly kind: 'locality'; readonly rule: 'lblc' | 'lblcr'; readonly reals: Uint32Array };

export type RingKey = 'source' | 'source-port' | 'destination';
export type ScoreRule = 'lc' | 'wlc' | 'sed' | 'nq' | 'twos';

/** What holds for a service, whatever real servers it has. */
export interface ServiceFacts {
  readonly name: string;
  readonly protocol: ServiceProtocol;
  readonly tunnel: TunnelModel;
  readonly persistence: PersistenceModel | undefined;
  readonly onDead: DeadPolicy;
  readonly onePacket: boolean;
  readonly synCookies: SynCookiesModel | undefined;
  readonly drain: DrainModel;
  readonly sourceLimit: TrafficLimit;
  readonly limit: TrafficLimit;
  readonly filter: SourceFilterModel;
}

export interface ServiceTable {
  /** 1..; stays the same while one of its endpoints does. */
  readonly id: number;
  readonly facts: ServiceFacts;
  readonly endpoints: readonly ServiceEndpoint[];
  readonly selection: Selection;
  /** Slots of the ring of the other director; undefined: it has none, or the same. */
  readonly elsewhere?: Uint32Array | undefined;
  readonly reals: readonly RealTable[];
}

/** What holds for all services. */
export interface L4Settings {
  readonly connections: number;
  readonly timeouts: FlowTimeouts;
  readonly insertsPerSecond: number;
  /** 16 bytes, made from the secret. */
  readonly hashKey: Uint8Array;
  /** 16 bytes, made from the secret: keys SYN cookies. */
  readonly cookieKey: Uint8Array;
  readonly leaseMs: number | undefined;
  readonly sourcePools: readonly SourcePoolModel[];
  readonly filter: SourceFilterModel;
  /** News of flows are told: another director keeps them, too. */
  readonly isSynced: boolean;
}

export interface L4Tables {
  readonly settings: L4Settings;
  readonly services: readonly ServiceTable[];
  /** Real servers that are configured no more, but may still have flows; they take no new ones. */
  readonly leaving: readonly RealTable[];
}

/**
 * One step from one state of the maps to the next. Done in their order, no packet meets an id that is not there: what is
 * new comes first, what is old goes last.
 */
export type TableChange =
  | { readonly kind: 'put-settings'; readonly settings: L4Settings }
  | { readonly kind: 'put-real'; readonly real: RealTable }
  | { readonly kind: 'put-service'; readonly id: number; readonly facts: ServiceFacts }
  /** @see Selection; `changedSlots` are those that differ from the ring before, all of them when its size is another */
  | {
      readonly kind: 'put-selection';
      readonly serviceId: number;
      readonly selection: Selection;
      readonly changedSlots: number;
    }
  /** The other director's ring; undefined: it is as ours. */
  | { readonly kind: 'put-elsewhere'; readonly serviceId: number; readonly slots: Uint32Array | undefined }
  | { readonly kind: 'put-endpoint'; readonly endpoint: ServiceEndpoint; readonly serviceId: number }
  | { readonly kind: 'drop-endpoint'; readonly endpoint: ServiceEndpoint }
  | { readonly kind: 'drop-service'; readonly id: number }
  | { readonly kind: 'drop-real'; readonly id: number };
