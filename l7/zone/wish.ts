/** What a configuration asks of shared memory, and what the threads are given. Plain data. */
import type { MetricSpec, SharedCounters } from './counters.ts';
import type { SharedPeers } from './peers.ts';
import type { Shape } from './table.ts';

/** A keyed table: limit_req, sticky learn. */
export type TableWish = {
  readonly kind: 'table';
  readonly name: string;
  readonly sizeBytes: number;
  readonly shape: Shape;
  /** What the entries mean (the key's text, say); with another meaning the old content would be nonsense. */
  readonly use: string;
};

/** A limit_conn zone; its entries hold a count for each thread. */
export type ConnWish = {
  readonly kind: 'conn';
  readonly name: string;
  readonly sizeBytes: number;
  readonly keyBytesMax: number;
  readonly use: string;
};

export type CountersWish = {
  readonly kind: 'counters';
  readonly name: string;
  readonly metrics: readonly (string | MetricSpec)[];
};

/** The members of a pool, with their weights. */
export type PeersWish = {
  readonly kind: 'peers';
  readonly name: string;
  readonly members: readonly string[];
  readonly weights: readonly number[];
};

export type ZoneWish = TableWish | ConnWish | CountersWish | PeersWish;

/** A zone as it is posted. Where there is a `was`, each thread's view of `shared` inherits from its view of `was`. */
export type SharedZone =
  | { readonly kind: 'table' | 'conn'; readonly name: string; readonly sab: SharedArrayBuffer }
  | {
      readonly kind: 'counters';
      readonly name: string;
      readonly shared: SharedCounters;
      readonly was: SharedCounters | undefined;
    }
  | {
      readonly kind: 'peers';
      readonly name: string;
      readonly shared: SharedPeers;
      readonly was: SharedPeers | undefined;
    };
