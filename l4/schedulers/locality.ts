/**
 * Schedulers that remember where a destination went: lblc and lblcr, for farms of caches, by LVS's definitions. Pure: the
 * memory of one destination goes in and comes out; the program in the kernel keeps it in a map.
 */
import type { LoadedCandidate } from './candidate.ts';
import { leastLoaded, mostLoaded } from './score.ts';

/** A destination that nobody asked for is forgotten. */
export const FORGET_MS = 86_400_000;
/** lblcr: a set that did not change for so long loses its most loaded member. */
export const SHRINK_MS = 86_400_000;

/** A set in the kernel has room for so many; one that is full grows no more. */
export const LOCALITY_MOST = 16;

/** The real servers of one destination; lblc has one at most. */
export interface Memory {
  readonly ids: readonly number[];
  readonly changedMs: number;
}

export const NO_MEMORY: Memory = { ids: [], changedMs: 0 };

export type Placed = readonly [picked: LoadedCandidate | undefined, memory: Memory];

/**
 * @param candidates in the order of their lines, without those that are full
 * @returns whom to take, and what to remember
 */
export type Locality = (candidates: readonly LoadedCandidate[], memory: Memory, nowMs: number) => Placed;

/** Left when it bears more than its weight while another bears less than half of its own. */
const isOverloaded = (one: LoadedCandidate, all: readonly LoadedCandidate[]): boolean =>
  one.active > one.weight && all.some(other => other.active * 2 < other.weight);

const lblc: Locality = (candidates, memory, nowMs) => {
  const known = candidates.find(({ id }) => id === memory.ids[0]);
  if (known && !isOverloaded(known, candidates)) return [known, memory];
  const picked = leastLoaded(candidates);
  return picked ? [picked, { ids: [picked.id], changedMs: nowMs }] : [undefined, memory];
};

const lblcr: Locality = (candidates, memory, nowMs) => {
  const set = memory.ids.flatMap(known => candidates.filter(({ id }) => id === known));
  const known = leastLoaded(set);
  const kept = shrunk(set, memory, nowMs);
  if (known && !isOverloaded(known, candidates)) return [known, kept];
  const picked = leastLoaded(candidates);
  if (!picked) return [undefined, memory];
  if (kept.ids.includes(picked.id) || kept.ids.length >= LOCALITY_MOST) return [picked, kept];
  return [picked, { ids: [...kept.ids, picked.id], changedMs: nowMs }];
};

/** LVS does so before it looks whether the least loaded one will do. */
function shrunk(set: readonly LoadedCandidate[], memory: Memory, nowMs: number): Memory {
  if (memory.ids.length < 2 || nowMs - memory.changedMs <= SHRINK_MS) return memory;
  const dropped = mostLoaded(set);
  return { ids: memory.ids.filter(id => id !== dropped?.id), changedMs: nowMs };
}

export const LOCALITIES = { lblc, lblcr } as const satisfies Record<string, Locality>;
