/** What control, the L7 process and its worker threads say to each other. */
import type { SessionStoreModel } from '#model/cluster/session-store.ts';
import type { HttpModel } from '#model/l7/http.ts';
import type { ErrorLog } from '#model/l7/log.ts';
import type { KeptCapability, ProcessModel } from '#model/main.ts';
import type { AcmeNews } from './acme/news.ts';
import type { AcmeNote } from './acme/note.ts';
import type { BanOrder, ZoneBans } from './ban/desk.ts';
import type { KeptSource } from './discovery/kept.ts';
import type { EngineStatus } from './engine.ts';
import type { RouteNews } from './kubernetes/source.ts';
import type { TrafficReport } from './metrics/traffic-report.ts';
import type { Secrets } from './secrets.ts';
import type { StoreFigures } from './store/figures.ts';
import type { TicketSeed } from './tls/ticket-keys.ts';
import type { SpanBatch } from './trace/span-queue.ts';
import type { MemberOverride, MemberTarget, PoolOrder } from './upstream/member-order.ts';
import type { PoolShare } from './upstream/pool-share.ts';
import type { PoolSnapshot } from './upstream/pool-snapshot.ts';
import type { SharedPools } from './upstream/pools.ts';
import type { WafEventBatch } from './waf/event-queue.ts';
import type { SharedZone } from './zone/wish.ts';

/** What the plane runs on, in one piece: it crosses to the process and its threads as bytes. */
export interface PlaneConfig {
  readonly process: ProcessModel;
  /** At least one. */
  readonly errorLogs: readonly ErrorLog[];
  readonly http: HttpModel;
  /** Environment variables to set before work begins. */
  readonly env: Readonly<Record<string, string>>;
  /** What is shared with other moats; undefined: nothing. */
  readonly sessionStore: SessionStoreModel | undefined;
}

/**
 * A listening socket. Those of one key take the connections in turn (SO_REUSEPORT), worker N serves slot N;
 * a `shared` one (a Unix socket) is alone, and all workers accept from it.
 */
export interface Slot {
  /** A key of HttpModel.listens. */
  readonly key: string;
  readonly slot: number;
  readonly shared: boolean;
}

export const slotId = (slot: Slot): string => `${slot.slot} ${slot.key}`;

/** Control asks the L7 process. Descriptors come beside it, over the socket for them, in the order named here. */
export type ToProcess =
  | {
      readonly kind: 'prepare';
      readonly revision: number;
      /** A PlaneConfig, packed. */
      readonly config: Uint8Array;
      /** Every socket that is to be served. */
      readonly slots: readonly Slot[];
      /** Those whose descriptors come with this message. */
      readonly newSlots: readonly Slot[];
      /** Log files whose descriptors come after those of the sockets. */
      readonly newFiles: readonly string[];
      /** A process takes them once. */
      readonly secrets: Secrets;
      /** What was commanded of members of pools. */
      readonly commanded: readonly MemberOverride[];
      /** What the process does not know yet of certificates of authorities. */
      readonly acme: AcmeNews;
      /** Whom sources of members named last. */
      readonly found: readonly KeptSource[];
      /** What other nodes are to be told of them: all, to a process that knows nothing yet. */
      readonly acmeNotes: readonly AcmeNote[];
    }
  /** Answered with KeptOverrides. */
  | { readonly kind: 'commit'; readonly revision: number }
  /** Answered with PoolOrderDone. */
  | ({ readonly kind: 'pool-order' } & PoolOrder)
  | { readonly kind: 'abandon'; readonly revision: number }
  /** Answered with ZoneBans[]; what is not there of `restore` is put there first. */
  | { readonly kind: 'bans'; readonly restore: readonly ZoneBans[] }
  /** Answered with how many zones it changed. */
  | { readonly kind: 'ban-order'; readonly order: BanOrder }
  /** Certificates of authorities, and answers to them, are others now. */
  | { readonly kind: 'acme'; readonly fresh: AcmeNews }
  /** Other nodes are to be told. */
  | { readonly kind: 'acme-notes'; readonly notes: readonly AcmeNote[] }
  | { readonly kind: 'rotate'; readonly files: readonly string[] }
  | { readonly kind: 'status' }
  /** Answered with PoolSessions[]. */
  | { readonly kind: 'sessions' }
  /** Answered with StoreFigures, or nothing. */
  | { readonly kind: 'store' }
  /** Answered with PoolSources[]. */
  | { readonly kind: 'sources' }
  /** Connections end with the answer to their next request; new ones are taken, or not. */
  | { readonly kind: 'retire'; readonly accepts: boolean }
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop' };

export interface PoolOrderDone {
  /** Which members were meant. */
  readonly done: readonly MemberTarget[];
  /** All that is commanded now. */
  readonly overrides: readonly MemberOverride[];
}

/** A thread asks the L7 process, and that asks control. */
export type ToControl =
  /** Answered by a string: families of metrics of the other tiers, in Prometheus' text format. */
  | { readonly kind: 'tier-metrics' }
  /** Answered by a FileText; by nothing when the file is as `known` says. The process alone asks it. */
  | { readonly kind: 'read-file'; readonly path: string; readonly known: string | undefined };

/** What workers and the process say without being asked: what the WAF found, that somebody is banned, that the secrets are others now, whom sources of members name. */
export type PlaneNews =
  /** Of a worker to the L7 process, which sends them on. */
  | { readonly spans: SpanBatch }
  | { readonly waf: WafEventBatch }
  | { readonly bans: 'changed' | 'lifted' }
  | { readonly secrets: Secrets }
  | { readonly found: readonly KeptSource[] }
  /** What objects of Kubernetes come to, and how their source is doing. */
  | { readonly routes: RouteNews }
  /** Other nodes have said something about certificates of authorities. */
  | { readonly acme: readonly AcmeNote[] };

/** Path and descriptor of a log file. */
export type FileGrant = readonly [path: string, fd: number];

/** The L7 process asks a worker thread. */
export type ToWorker =
  /** Answered when all its code is loaded. */
  | { readonly kind: 'hello' }
  /** The process is about to become another user; then it is, and the thread goes on with these. */
  | { readonly kind: 'hold-capabilities' }
  | { readonly kind: 'take-capabilities'; readonly names: readonly KeptCapability[] }
  | {
      readonly kind: 'prepare';
      readonly revision: number;
      readonly config: SharedArrayBuffer;
      /** They may be opened now, and used once the revision is committed. */
      readonly zones: readonly SharedZone[];
      readonly pools: SharedPools;
      readonly files: readonly FileGrant[];
      readonly tickets: TicketSeed;
      readonly acme: AcmeNews;
    }
  | {
      readonly kind: 'commit';
      readonly revision: number;
      /** The same, each with the one that it takes over from. */
      readonly zones: readonly SharedZone[];
      /** Descriptors that become the thread's, each when it is counted in `taken`. */
      readonly listen: readonly { readonly key: string; readonly fd: number }[];
      /** One shared cell: those not taken when the thread fails or dies are closed by who gave them. */
      readonly taken: Int32Array;
      readonly unlisten: readonly string[];
    }
  | { readonly kind: 'abandon'; readonly revision: number }
  /** Members of pools have come or gone. */
  | { readonly kind: 'change-pools'; readonly shares: readonly PoolShare[] }
  /** All threads have taken up the pools committed or changed last. */
  | { readonly kind: 'settle-pools' }
  /** The keys of tickets are those of another moat. */
  | { readonly kind: 'adopt-tickets'; readonly seed: TicketSeed }
  /** Certificates of authorities, and answers to them, are others now. */
  | { readonly kind: 'acme'; readonly fresh: AcmeNews }
  /** `gone`: paths that no configuration names any more; their descriptors are closed after the answer. */
  | { readonly kind: 'rotate'; readonly files: readonly FileGrant[]; readonly gone: readonly string[] }
  | { readonly kind: 'status' }
  /** As the process is told. */
  | { readonly kind: 'retire'; readonly accepts: boolean }
  | { readonly kind: 'drain' }
  | { readonly kind: 'close' };

export interface WorkerStatus {
  readonly workerId: number;
  readonly revision: number;
  /** Times this worker was started anew after a death. */
  readonly restarts: number;
  readonly engine: EngineStatus;
}

export interface PlaneStatus {
  readonly pid: number;
  readonly revision: number;
  readonly uptimeMs: number;
  readonly memoryBytes: number;
  /** Of all workers together, those that have ended included; undefined before the first configuration. */
  readonly traffic: TrafficReport | undefined;
  readonly workers: readonly WorkerStatus[];
  readonly pools: readonly PoolSnapshot[];
  /** Undefined: nothing is shared with other moats. */
  readonly sessionStore: StoreFigures | undefined;
}
