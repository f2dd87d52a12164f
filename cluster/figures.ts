/** What the cluster process tells of itself. */
import type { HeartbeatFigures } from './heartbeat/figures.ts';
import type { DropReason } from './vrrp/admit.ts';
import type { PeerFigures } from './vrrp/peers.ts';
import type { StateName } from './vrrp/state.ts';

export interface TransitionFigures {
  /** ms since 1970 */
  readonly atMs: number;
  readonly from: StateName;
  readonly to: StateName;
  readonly reason: string;
}

export interface TrackFigures {
  readonly name: string;
  /** Undefined: not known yet. */
  readonly ok: boolean | undefined;
  /** What it found, in words. */
  readonly says: string;
  /** Undefined: a fault where it is not ok. */
  readonly weight: number | undefined;
  /** What it adds to the priority now. */
  readonly adds: number;
}

export interface InstanceFigures {
  readonly name: string;
  readonly interface: string;
  /** Whether one of several nodes has the addresses; if not, each that has no fault. */
  readonly election: boolean;
  readonly vrid: number;
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly state: StateName;
  /** Since it is in it. */
  readonly sinceMs: number;
  /** Why it takes no part; empty when it does. */
  readonly faults: readonly string[];
  readonly basePriority: number;
  readonly priority: number;
  readonly advertMs: number;
  readonly preempt: boolean;
  readonly preemptDelayMs: number;
  readonly yielding: boolean;
  readonly barredBy: string | undefined;
  /** Why it leaves a router of lower priority in its place. */
  readonly waitsFor: string | undefined;
  readonly source: string | undefined;
  readonly addresses: readonly string[];
  readonly group: string | undefined;
  readonly tracks: readonly TrackFigures[];
  readonly peers: readonly PeerFigures[];
  /** Of a backup: how long until it takes over if nothing is heard. */
  readonly takesOverInMs: number | undefined;
  /** Of preempt_delay. */
  readonly preemptsInMs: number | undefined;
  readonly counts: InstanceCounts;
  readonly drops: Readonly<Partial<Record<DropReason, number>>>;
  /** The newest first. */
  readonly transitions: readonly TransitionFigures[];
}

export interface InstanceCounts {
  readonly sent: number;
  readonly sendFailures: number;
  readonly received: number;
  readonly becameActive: number;
  readonly becameBackup: number;
  /** Advertisements of other addresses, or of another interval, than ours. */
  readonly mismatches: number;
  /** Times that this process was paused for longer than the others wait. */
  readonly pauses: number;
  readonly longestPauseMs: number;
}

export interface ClusterFigures {
  readonly pid: number;
  readonly maintenance: boolean;
  /** Why not, in words; undefined: it has it. */
  readonly realtime: string | undefined;
  readonly instances: readonly InstanceFigures[];
  readonly groups: readonly { readonly name: string; readonly members: readonly string[] }[];
  /** Advertisements for virtual router IDs that no instance has. */
  readonly strangers: number;
  /** Undefined: VRRP alone decides. */
  readonly heartbeat: HeartbeatFigures | undefined;
}
