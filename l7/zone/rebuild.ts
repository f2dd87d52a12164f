/** Puts a zone's chains in order again after a thread died within a section. */
import { linkBucket, linkFree, linkNewest } from './chain.ts';
import { ENTRY, HEAD } from './layout.ts';

/**
 * Rebuilds buckets, age order and free list from the entries alone: an entry with a mark is in use, its key and
 * hash are whole, and the time it was touched gives its age. The caller holds the lock. O(n log n), and rare.
 */
export function rebuild(ints: Int32Array, floats: Float64Array): void {
  ints.fill(0, HEAD.bucketsAt, HEAD.bucketsAt + ints[HEAD.buckets]!);
  ints[HEAD.free] = ints[HEAD.newest] = ints[HEAD.oldest] = 0;
  const used = sortOut(ints);
  const touchedMs = (entry: number) => floats[(entry + ENTRY.touched) >> 1]!;
  used.sort((a, b) => touchedMs(a) - touchedMs(b));
  for (const entry of used) {
    linkBucket(ints, entry);
    linkNewest(ints, entry);
  }
  ints[HEAD.count] = used.length;
}

/** Chains the free entries; returns those in use. */
function sortOut(ints: Int32Array): number[] {
  const used: number[] = [];
  for (let entry = ints[HEAD.entriesAt]!; entry < ints[HEAD.fresh]!; entry += ints[HEAD.stride]!) {
    if (ints[entry + ENTRY.mark] === 0) linkFree(ints, entry);
    else used.push(entry);
  }
  return used;
}
