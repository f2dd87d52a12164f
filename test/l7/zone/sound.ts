/** Checks that the chains of a zone agree with its entries. */
import assert from 'node:assert/strict';
import { ENTRY, HEAD } from '../../../l7/zone/layout.ts';

/** Every used entry stands once in its bucket, once in the age chain both ways; the rest are free. */
export function assertSound(sab: SharedArrayBuffer): void {
  const ints = new Int32Array(sab);
  const used = usedEntries(ints);
  assert.deepEqual(new Set(walk(ints, ints[HEAD.oldest]!, ENTRY.newer)), used, 'oldest to newest');
  assert.deepEqual(new Set(walk(ints, ints[HEAD.newest]!, ENTRY.older)), used, 'newest to oldest');
  assert.equal(ints[HEAD.count], used.size);
  const bucketed = new Set<number>();
  for (let bucket = 0; bucket < ints[HEAD.buckets]!; bucket++) {
    for (const entry of walk(ints, ints[HEAD.bucketsAt + bucket]!, ENTRY.next)) {
      assert.equal(ints[entry + ENTRY.hash]! & (ints[HEAD.buckets]! - 1), bucket);
      bucketed.add(entry);
    }
  }
  assert.deepEqual(bucketed, used, 'buckets');
  const everUsed = (ints[HEAD.fresh]! - ints[HEAD.entriesAt]!) / ints[HEAD.stride]!;
  assert.equal(walk(ints, ints[HEAD.free]!, ENTRY.next).length + used.size, everUsed, 'free');
}

function usedEntries(ints: Int32Array): Set<number> {
  const used = new Set<number>();
  for (let entry = ints[HEAD.entriesAt]!; entry < ints[HEAD.fresh]!; entry += ints[HEAD.stride]!) {
    if (ints[entry + ENTRY.mark] !== 0) used.add(entry);
  }
  return used;
}

function walk(ints: Int32Array, first: number, link: number): number[] {
  const seen: number[] = [];
  for (let entry = first; entry !== 0; entry = ints[entry + link]!) {
    seen.push(entry);
    assert.ok(seen.length <= ints.length, 'a chain runs in a circle');
  }
  return seen;
}
