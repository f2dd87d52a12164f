/** Quantiles of a histogram that was counted in buckets. */

/**
 * Evenly spread within its bucket; in the last one, its lower bound.
 *
 * @param buckets counts, one more than there are bounds
 * @param bounds the upper bound of each but the last
 * @param rank how many of all counted are at most the value: 0.95 × their number for the 95th of 100
 */
export function quantile(buckets: readonly number[], bounds: readonly number[], rank: number): number {
  let below = 0;
  for (const [at, count] of buckets.entries()) {
    const lower = at === 0 ? 0 : bounds[at - 1]!;
    if (count > 0 && below + count >= rank)
      return lower + ((bounds[at] ?? lower) - lower) * ((rank - below) / count);
    below += count;
  }
  return bounds.at(-1) ?? 0;
}
