/** Numbers that look random and are the same for the same seed. */

/** @returns a function that gives a whole number from 0 to below `limit` */
export function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return limit => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
}
