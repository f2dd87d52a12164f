/** The two chains that each used entry of a zone is in: its bucket's, and the one by age. */
import { ENTRY, HEAD } from './layout.ts';

/** The cell that heads the bucket of `hash`. */
function bucketOf(ints: Int32Array, hash: number): number {
  return HEAD.bucketsAt + (hash & (ints[HEAD.buckets]! - 1));
}

/** The first entry of the bucket of `hash`, or 0; the rest follow by ENTRY.next. */
export function firstOf(ints: Int32Array, hash: number): number {
  return ints[bucketOf(ints, hash)]!;
}

/** Puts the entry first in the bucket of its hash. */
export function linkBucket(ints: Int32Array, entry: number): void {
  const bucket = bucketOf(ints, ints[entry + ENTRY.hash]!);
  ints[entry + ENTRY.next] = ints[bucket]!;
  ints[bucket] = entry;
}

/** Takes the entry out of its bucket; the walk is as long as the bucket, about one entry. */
export function unlinkBucket(ints: Int32Array, entry: number): void {
  let link = bucketOf(ints, ints[entry + ENTRY.hash]!);
  while (ints[link] !== entry) link = ints[link]! + ENTRY.next;
  ints[link] = ints[entry + ENTRY.next]!;
}

/** Makes an entry that is in no age chain the newest. */
export function linkNewest(ints: Int32Array, entry: number): void {
  const was = ints[HEAD.newest]!;
  ints[entry + ENTRY.older] = was;
  ints[entry + ENTRY.newer] = 0;
  ints[was === 0 ? HEAD.oldest : was + ENTRY.newer] = entry;
  ints[HEAD.newest] = entry;
}

/** Takes the entry out of the age chain. */
export function unlinkAge(ints: Int32Array, entry: number): void {
  const older = ints[entry + ENTRY.older]!;
  const newer = ints[entry + ENTRY.newer]!;
  ints[older === 0 ? HEAD.oldest : older + ENTRY.newer] = newer;
  ints[newer === 0 ? HEAD.newest : newer + ENTRY.older] = older;
}

/** Makes the entry first of those that are free. */
export function linkFree(ints: Int32Array, entry: number): void {
  ints[entry + ENTRY.next] = ints[HEAD.free]!;
  ints[HEAD.free] = entry;
}
