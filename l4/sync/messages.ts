/** What the director and its thread for the sync say to each other. */
import type { SyncModel } from '#model/l4/sync.ts';
import type { PeerReals } from '../peer-reals.ts';
import type { FlowSyncFigures, RefusalReason } from './flow-sync.ts';
import type { PathFigures } from './paths.ts';

export interface SyncThreadOptions {
  readonly folder: string;
  readonly model: SyncModel;
  /** Ids of real servers that pass their checks. */
  readonly alive: ReadonlySet<number>;
}

/**
 * `alone`: the other director says nothing. `joining`: they have met, and its flows are on their way here. `in-step`: what it knows
 * is known here.
 */
export const SYNC_STATES = ['alone', 'joining', 'in-step'] as const;
export type SyncState = (typeof SYNC_STATES)[number];

/** All reasons for which packets of the other one are refused. */
export const SYNC_REFUSALS: readonly RefusalReason[] = [
  ...(['truncated', 'not-ours', 'forged', 'version', 'malformed'] as const),
  ...(['stale', 'replayed', 'stranger'] as const),
];

export interface SyncFigures extends FlowSyncFigures {
  readonly state: SyncState;
  /** Whether this node may take the addresses away from one that works: it is in step, or has waited long enough. */
  readonly isReady: boolean;
  /** Health checks of this director that have had no answer yet: it waits for them as well. */
  readonly unanswered?: number;
  readonly sinceMs: number;
  readonly paths: readonly PathFigures[];
  /** Of the thread since it began, in ms. */
  readonly cpuMs: number;
}

export type ToSyncThread =
  | { readonly kind: 'tables'; readonly alive: ReadonlySet<number> }
  | { readonly kind: 'end' };
export type FromSyncThread =
  | { readonly kind: 'figures'; readonly figures: SyncFigures }
  | { readonly kind: 'peer'; readonly reals: PeerReals }
  | { readonly kind: 'log'; readonly level: 'warn' | 'notice'; readonly message: string };
