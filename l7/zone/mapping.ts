/** Index maps between what stood before a reload and what stands after it. */

/** For each of `keys` its index in `others`, or -1. Keys are unique on each side. */
export function match(keys: readonly string[], others: readonly string[]): number[] {
  const indexes = new Map(others.map((key, index) => [key, index]));
  return keys.map(key => indexes.get(key) ?? -1);
}

/** The map the other way round: for each of `length` places who points to it, or -1. */
export function invert(indexes: readonly number[], length: number): number[] {
  const inverse = new Array<number>(length).fill(-1);
  indexes.forEach((to, from) => {
    if (to >= 0) inverse[to] = from;
  });
  return inverse;
}

/** Makes names unique by counting their repetitions: `a b a` becomes `a#0 b#0 a#1`. */
export function numbered(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map(name => {
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    return `${name}#${times}`;
  });
}
