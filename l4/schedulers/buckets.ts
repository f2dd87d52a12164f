/** Schedulers that hash into buckets: sh by weight, dh without. */
import type { Candidate } from './candidate.ts';
import { greatestCommonDivisor } from './turns.ts';

/** LVS has 256 buckets, filled in a circle: where the weights do not divide it some get more than their share. */
const LEAST_BUCKETS = 256;
const MOST_BUCKETS = 65_536;

/** LVS's dh: every candidate has as many buckets. */
export const equalBuckets = (candidates: readonly Candidate[]): Uint32Array =>
  weightedBuckets(candidates.map(candidate => ({ ...candidate, weight: 1 })));

/**
 * LVS's sh: each candidate in turn has as many buckets in a row as its weight, round and round. Here the circle ends where a
 * round ends, so that the shares are exact.
 */
export function weightedBuckets(candidates: readonly Candidate[]): Uint32Array {
  if (candidates.length === 0) return new Uint32Array(0);
  const step = candidates.reduce((divisor, { weight }) => greatestCommonDivisor(divisor, weight), 0);
  const whole = candidates.reduce((sum, { weight }) => sum + weight / step, 0);
  const shrink = Math.max(1, whole / MOST_BUCKETS);
  const runs = candidates.map(({ id, weight }) => ({
    id,
    length: Math.max(1, Math.round(weight / step / shrink)),
  }));
  const round = runs.reduce((sum, { length }) => sum + length, 0);
  const buckets = new Uint32Array(round * Math.ceil(LEAST_BUCKETS / round));
  for (let at = 0; at < buckets.length; )
    for (const { id, length } of runs) {
      buckets.fill(id, at, at + length);
      at += length;
    }
  return buckets;
}
