/** Bytes that no set and no assertion of a pattern tells apart are one class: tables have a column for each class. */
import type { ByteSet } from '#kit/pcre/byte-set.ts';
import type { Assertion } from './assertion.ts';

export class ByteClasses {
  /** The class of each byte. */
  readonly of: Uint8Array;
  /** Classes, with one more for the edge of a value, which is the last. */
  readonly stride: number;
  /** A byte of each class; -1 for the edge. */
  readonly samples: readonly number[];

  constructor(sets: readonly ByteSet[], assertions: readonly Assertion[]) {
    const of = new Uint8Array(256);
    let count = 1;
    for (const set of new Set([...sets, ...assertions.flatMap(setsOf)])) count = refine(of, count, set);
    this.of = of;
    this.stride = count + 1;
    this.samples = [...Array.from({ length: count }, (_, klass) => of.indexOf(klass)), -1];
  }

  get edge(): number {
    return this.stride - 1;
  }
}

const setsOf = ({ pairs }: Assertion): ByteSet[] => pairs.flatMap(([left, right]) => [left.set, right.set]);

/** Parts each class into what is in `set` and what is not. @returns how many there are now */
function refine(of: Uint8Array, before: number, set: ByteSet): number {
  const inside = new Int16Array(before).fill(-1);
  const outside = new Uint8Array(before);
  for (let byte = 0; byte < 256; byte++) if (!set[byte]) outside[of[byte]!] = 1;
  let count = before;
  for (let byte = 0; byte < 256; byte++) {
    const klass = of[byte]!;
    if (!set[byte] || !outside[klass]) continue;
    if (inside[klass] === -1) inside[klass] = count++;
    of[byte] = inside[klass]!;
  }
  return count;
}
