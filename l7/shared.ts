/** What the worker threads of a process share: zones of memory, and the state of the pools. */
import { randomBytes } from 'node:crypto';
import type { HttpModel } from '#model/l7/http.ts';
import type { SharedPools } from './upstream/pools.ts';
import { STICKY_SHAPE } from './zone/sticky-table.ts';
import type { SharedZone, ZoneWish } from './zone/wish.ts';

/** Crosses to the threads by postMessage: memory and plain data. */
export interface SharedState {
  readonly zones: readonly SharedZone[];
  readonly pools: SharedPools;
}

/** The zones of a configuration; asking twice for the same is no fault. */
export function wishesOf({ pools }: HttpModel): ZoneWish[] {
  return pools.flatMap(({ name, sticky }): ZoneWish[] =>
    sticky?.kind !== 'learn'
      ? []
      : [
          {
            kind: 'table',
            name: sticky.zone.name,
            sizeBytes: sticky.zone.bytes,
            shape: STICKY_SHAPE,
            use: `sessions of ${name}`,
          },
        ],
  );
}

/** Places for threads in shared memory: those of a retired worker stay taken until it has finished what it serves. */
export const placesFor = (workers: number): number => Math.max(4, workers * 2);

/** A key that nobody else has. */
export const drawSecret = (): string => randomBytes(32).toString('latin1');
