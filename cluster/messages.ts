/** What control and the cluster process say to each other. */
import type { ChildAnswer, ChildLog } from '#kit/asked-child.ts';
import type { ClusterModel } from '#model/cluster/cluster.ts';
import type { PlaneHealth } from './track/health.ts';
import type { Standing } from './vrrp/instance.ts';

/** What an operator wants. */
export type ClusterOrder =
  /** The active router gives its place away; undefined: of all instances. */
  | { readonly kind: 'failover'; readonly instance: string | undefined }
  /** Takes part in no election; kept over restarts. */
  | { readonly kind: 'maintenance'; readonly on: boolean; readonly reason: string };

export type ToNode =
  /** Asks whether it could be; nothing changes. */
  | { readonly kind: 'prepare'; readonly model: ClusterModel }
  | {
      readonly kind: 'configure';
      readonly model: ClusterModel;
      readonly revision: string;
    }
  /** Answered by ClusterFigures. */
  | { readonly kind: 'figures' }
  /** Answered by string[]: what was done. */
  | { readonly kind: 'order'; readonly order: ClusterOrder }
  | { readonly kind: 'health'; readonly health: PlaneHealth }
  /** Gives all addresses up, and ends. */
  | { readonly kind: 'stop' }
  /** Leaves the addresses to another process of this router, and ends. */
  | { readonly kind: 'leave' };

export type FromNode =
  | ChildAnswer
  | ChildLog
  /** Whenever an instance goes elsewhere: what is to be said in its stead if this process dies. */
  | { readonly kind: 'standing'; readonly standings: readonly Standing[] };
