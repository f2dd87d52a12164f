/** A line of shares as long as the weights, for methods that draw or hash a point on it. */
import type { Group } from './group.ts';

export class Shares {
  /** Where each member's share ends. */
  readonly #ends: Float64Array;
  readonly #first: number;

  constructor(group: Group) {
    let sum = 0;
    const own = group.members.slice(group.first, group.end);
    this.#ends = Float64Array.from(own, member => (sum += member.model.weight));
    this.#first = group.first;
  }

  /** The index of the member whose share holds `point`, 0 <= point < total weight. O(log members). */
  at(point: number): number {
    let low = 0;
    let high = this.#ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (point < this.#ends[middle]!) high = middle;
      else low = middle + 1;
    }
    return this.#first + low;
  }
}
