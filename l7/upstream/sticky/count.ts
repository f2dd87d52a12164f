/** How many sessions each member of a pool has, as far as moat remembers them. Names of sessions are secrets of clients: none is shown. */
import type { PoolModel, StickyModel } from '#model/l7/upstream.ts';
import { monotonicMs } from '../../clock.ts';
import { STICKY_CELL, tagOf } from '../../zone/sticky-table.ts';
import { NONE, type ZoneTable } from '../../zone/table.ts';

export interface PoolSessions {
  readonly pool: string;
  /** `cookie` and `route` are known by what clients bring: nothing is remembered, and nothing is counted. */
  readonly kind: StickyModel['kind'];
  /** Of what is remembered; undefined where nothing is. */
  readonly table?: SessionCounts | undefined;
}

export interface SessionCounts {
  readonly zone: string;
  readonly sessions: number;
  readonly capacity: number;
  /** Let go for want of room. */
  readonly evictions: number;
  readonly timeoutMs: number;
  /** Shared with the other moats of the cluster. */
  readonly sync: boolean;
  /** Whether there are more than were looked at. */
  readonly isCut: boolean;
  readonly members: readonly { readonly name: string; readonly sessions: number }[];
  /** Of members that have left. */
  readonly elsewhere: number;
}

/** Workers wait for the lock meanwhile: so many at a time, some tens of µs. */
const CHUNK = 1000;
const MOST_LOOKED_AT = 500_000;

/** @param tableOf the memory of a zone */
export function sessionsOf(
  { name: pool, sticky, members }: PoolModel,
  tableOf: (zone: string) => ZoneTable | undefined,
): PoolSessions | undefined {
  if (!sticky) return undefined;
  if (sticky.kind !== 'learn') return { pool, kind: sticky.kind };
  const { zone, timeoutMs, sync } = sticky;
  const table = tableOf(zone.name);
  if (!table) return { pool, kind: 'learn' };
  const { counts, isCut } = countTags(table, timeoutMs);
  const names = [...new Set(members.map(({ name }) => name))];
  const own = names.map(name => ({ name, sessions: counts.get(tagOf(name)) ?? 0 }));
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return {
    ...{ pool, kind: 'learn' },
    table: {
      ...{ zone: zone.name, sessions: all, capacity: table.capacity, evictions: table.evictions },
      ...{ timeoutMs, sync, isCut, members: own },
      elsewhere: all - own.reduce((sum, { sessions }) => sum + sessions, 0),
    },
  };
}

function countTags(table: ZoneTable, timeoutMs: number) {
  const counts = new Map<number, number>();
  const bornMs = monotonicMs() - timeoutMs;
  let looked = 0;
  let entry = NONE;
  let isOver = false;
  const look = () => {
    for (let left = CHUNK; left > 0; left--) {
      entry = table.after(entry);
      isOver = entry === NONE;
      if (isOver) return;
      looked++;
      const tag = table.floats[table.floatAt(entry) + STICKY_CELL.tag]!;
      if (table.touchedMs(entry) > bornMs) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
  };
  while (!isOver && looked < MOST_LOOKED_AT) {
    table.lock.acquire();
    try {
      look();
    } finally {
      table.lock.release();
    }
  }
  return { counts, isCut: !isOver };
}
