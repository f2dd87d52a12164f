/** What the worker threads of a process share: zones of memory, and the state of the pools. */
import { randomBytes } from 'node:crypto';
import type { HttpModel } from '#model/l7/http.ts';
import type { BanZoneModel, LimitZone } from '#model/l7/limit.ts';
import { TRAFFIC_WISH } from './metrics/traffic.ts';
import { verdictsWish } from './metrics/verdicts.ts';
import type { SharedPools } from './upstream/pools.ts';
import { COLLECTION_SHAPE, COLLECTIONS } from './waf/shared-store.ts';
import { BAN_SHAPE, STRIKE_SHAPE } from './zone/ban-zone.ts';
import { REQ_SHAPE, SHARED_REQ_SHAPE } from './zone/req-zone.ts';
import { SHARED_STICKY_SHAPE, STICKY_SHAPE } from './zone/sticky-table.ts';
import type { SharedZone, ZoneWish } from './zone/wish.ts';

/** Crosses to the threads by postMessage: memory and plain data. */
export interface SharedState {
  readonly zones: readonly SharedZone[];
  readonly pools: SharedPools;
}

/** The zones of a configuration; asking twice for the same is no fault. */
export function wishesOf(model: HttpModel): ZoneWish[] {
  return [
    TRAFFIC_WISH,
    ...collectionWishes(model),
    ...sessionWishes(model),
    ...model.limitZones.flatMap(zone => [...limitWishes(zone), verdictsWish(zone)]),
  ];
}

function collectionWishes({ wafRules, wafCollectionsBytes }: HttpModel): ZoneWish[] {
  if (wafRules.length === 0) return [];
  const shape = COLLECTION_SHAPE;
  return [{ kind: 'table', name: COLLECTIONS, sizeBytes: wafCollectionsBytes, shape, use: 'collections' }];
}

function sessionWishes({ pools }: HttpModel): ZoneWish[] {
  return pools.flatMap(({ name, sticky }): ZoneWish[] =>
    sticky?.kind !== 'learn'
      ? []
      : [
          {
            kind: 'table',
            name: sticky.zone.name,
            sizeBytes: sticky.zone.bytes,
            shape: sticky.sync ? SHARED_STICKY_SHAPE : STICKY_SHAPE,
            use: `sessions of ${name}`,
          },
        ],
  );
}

/** Keys of limits are often addresses, which fit; longer ones are kept as digests, a little slower. */
const LIMIT_KEY_BYTES = 32;

function limitWishes(zone: LimitZone): ZoneWish[] {
  return zone.kind === 'ban' ? banWishes(zone) : [limitWish(zone)];
}

/** Half of it for bans, half for what is counted: clients that only cause events leave bans where they are. */
function banWishes({ name, bytes, key, ip6Bits }: BanZoneModel): ZoneWish[] {
  const base = { kind: 'table', sizeBytes: bytes / 2, use: JSON.stringify([key, ip6Bits]) } as const;
  return [
    { ...base, name: `bans ${name}`, shape: BAN_SHAPE },
    { ...base, name: `strikes ${name}`, shape: STRIKE_SHAPE },
  ];
}

function limitWish(zone: Exclude<LimitZone, BanZoneModel>): ZoneWish {
  const base = { sizeBytes: zone.bytes, use: JSON.stringify(zone.key) };
  if (zone.kind === 'conn') return { ...base, kind: 'conn', name: zone.name, keyBytesMax: LIMIT_KEY_BYTES };
  // Sessions have zones of this kind too, and the two must not meet under one name.
  return {
    ...base,
    kind: 'table',
    name: `limit ${zone.name}`,
    shape: { ...(zone.sync ? SHARED_REQ_SHAPE : REQ_SHAPE), keyBytesMax: LIMIT_KEY_BYTES },
  };
}

/** Places for threads in shared memory: those of a retired worker stay taken until it has finished what it serves. */
export const placesFor = (workers: number): number => Math.max(4, workers * 2);

/** A key that nobody else has. */
export const drawSecret = (): string => randomBytes(32).toString('latin1');
