/** What holds between two bytes: a set for the byte on the left and one for that on the right, in pairs. */
import { ALL, type ByteSet, complement, NEWLINE, WORD } from '#kit/pcre/byte-set.ts';
import type { Place } from '#kit/pcre/syntax.ts';

/** The bytes that may stand on one side, and whether the edge of the value may. */
export interface Side {
  readonly set: ByteSet;
  readonly edge: boolean;
}

/** Holds where one of the pairs does. Treated as immutable, and compared by identity. */
export interface Assertion {
  readonly pairs: readonly (readonly [left: Side, right: Side])[];
}

const NONE = complement(ALL);
const ANY: Side = { set: ALL, edge: true };
const EDGE: Side = { set: NONE, edge: true };
const WORDS: Side = { set: WORD, edge: false };
const OTHERS: Side = { set: complement(WORD), edge: true };

/** All places but `lastLineEnd`, which looks two bytes ahead. */
export const PLACES: Readonly<Record<Exclude<Place, 'lastLineEnd'>, Assertion>> = {
  start: { pairs: [[EDGE, ANY]] },
  end: { pairs: [[ANY, EDGE]] },
  lineStart: {
    pairs: [
      [EDGE, ANY],
      [
        { set: NEWLINE, edge: false },
        { set: ALL, edge: false },
      ],
    ],
  },
  lineEnd: { pairs: [[ANY, { set: NEWLINE, edge: true }]] },
  wordBoundary: {
    pairs: [
      [WORDS, OTHERS],
      [OTHERS, WORDS],
    ],
  },
  notWordBoundary: {
    pairs: [
      [WORDS, WORDS],
      [OTHERS, OTHERS],
    ],
  },
};

/** `(?=[set])`, or `(?![set])`, which also holds at the end. */
export const nextIs = (set: ByteSet, negative = false): Assertion => ({
  pairs: [[ANY, sideOf(set, negative)]],
});

/** `(?<=[set])`, or `(?<![set])`, which also holds at the start. */
export const lastIs = (set: ByteSet, negative = false): Assertion => ({
  pairs: [[sideOf(set, negative), ANY]],
});

const sideOf = (set: ByteSet, negative: boolean): Side => ({
  set: negative ? complement(set) : set,
  edge: negative,
});

/** @param left the byte before the place, -1 at the start of the value; @param right the byte after it, -1 at its end */
export function holds({ pairs }: Assertion, left: number, right: number): boolean {
  return pairs.some(([before, after]) => takes(before, left) && takes(after, right));
}

const takes = (side: Side, byte: number): boolean => (byte === -1 ? side.edge : side.set[byte] === 1);
