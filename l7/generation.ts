/** All that the worker threads of one revision run on, and what of it is for which of them. */
import type { AcmeNews } from './acme/news.ts';
import type { PlaneConfig, Slot } from './messages.ts';
import type { TicketSeed } from './tls/ticket-keys.ts';
import type { SharedPools } from './upstream/pools.ts';
import type { SharedZone } from './zone/wish.ts';

export interface Generation {
  readonly revision: number;
  readonly config: PlaneConfig;
  /** The same config, packed for the threads. */
  readonly bytes: SharedArrayBuffer;
  readonly zones: readonly SharedZone[];
  /** As they are at the time. */
  readonly pools: () => SharedPools;
  readonly tickets: () => TicketSeed;
  /** All that is known of certificates of authorities. */
  readonly acme: () => AcmeNews;
  readonly slots: readonly Slot[];
}

/** Whether the configuration wants fewer workers than this one's number. */
export const isLeaving = (worker: number, { config }: Generation): boolean =>
  worker >= config.process.workers;

/** The slots that a worker serves: its own, those of workers that are no more, and all shared ones. */
export function slotsOf(worker: number, { slots, config }: Generation): Slot[] {
  const { workers } = config.process;
  return slots.filter(({ slot, shared }) => (shared ? worker < workers : slot % workers === worker));
}
