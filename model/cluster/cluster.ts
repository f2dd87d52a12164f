/** The cluster block: this node as one of several that stand in for each other. */

import type { HeartbeatModel } from './heartbeat.ts';
import type { SessionStoreModel } from './session-store.ts';
import type { TrackScriptModel } from './track.ts';
import type { SyncGroupModel, VrrpInstanceModel } from './vrrp.ts';

export interface ClusterModel {
  /** A folder for what must outlive a restart. */
  readonly statePath: string;
  /** Nothing is held for so long after the start. */
  readonly startupDelayMs: number;
  /** 1..99; 0: as any other process. */
  readonly realtimePriority: number;
  readonly scriptUser: string;
  readonly scripts: readonly TrackScriptModel[];
  readonly instances: readonly VrrpInstanceModel[];
  readonly groups: readonly SyncGroupModel[];
  /**
   * The L4 tier keeps flows in step with another director: until it says that it is, or for so long when it says nothing, addresses
   * are not taken away from that one. Undefined: there is no such thing.
   */
  readonly flowWaitMs: number | undefined;
  /** Served by the L7 tier; undefined: nothing is shared. */
  readonly sessionStore: SessionStoreModel | undefined;
  /** Undefined: VRRP alone. */
  readonly heartbeat: HeartbeatModel | undefined;
}
