/** Makes plain data unchangeable, all the way down. */

/**
 * Freezes an object and all that it holds: arrays and plain objects. What is frozen already is not looked into, so parts
 * that many share cost once. Bytes (typed arrays) can not be frozen and stay as they are.
 *
 * @returns the same object
 */
export function deepFreeze<T>(value: T): T {
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined || open.length > 0; next = open.pop()) {
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next) || Object.isFrozen(next))
      continue;
    Object.freeze(next);
    for (const part of Object.values(next)) if (typeof part === 'object' && part !== null) open.push(part);
  }
  return value;
}
