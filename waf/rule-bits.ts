/** Sets of rules, a bit each by the index of the rule, or of its chain's head. */

/** The rules that a test chooses. */
export function bitsOf<T>(rules: readonly T[], test: (rule: T) => boolean): Uint32Array {
  const bits = new Uint32Array((rules.length + 31) >>> 5);
  rules.forEach((rule, index) => {
    if (test(rule)) bits[index >>> 5]! |= 1 << (index & 31);
  });
  return bits;
}

export const holds = (bits: Uint32Array, index: number): boolean =>
  ((bits[index >>> 5]! >>> (index & 31)) & 1) === 1;
