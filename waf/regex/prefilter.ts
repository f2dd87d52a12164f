/** One pass over a value that tells which patterns can match it at all, by the literals that they need. */
import { SIGN_OF } from '../signs.ts';
import { AhoCorasick } from './aho-corasick.ts';
import type { Pattern } from './pattern.ts';

export interface Prefilter {
  /**
   * Bit n is set when pattern n may match the value. O(bytes of the value, and pairs of literals and patterns).
   *
   * @returns the same array at each call: use it before the next one, and do not write to it
   */
  scan(value: string): Uint32Array;
  /** The kinds of bytes of the value that was scanned last. */
  readonly signs: number;
  /** Patterns with no literal: always candidates. */
  readonly unfiltered: number;
  readonly tableBytes: number;
}

/** Whether pattern `number` is among the candidates. */
export const isCandidate = (candidates: Uint32Array, number: number): boolean =>
  ((candidates[number >>> 5]! >>> (number & 31)) & 1) === 1;

type Filtered = Pick<Pattern, 'literals'>;

/** @param patterns the numbers of the result are their places here */
export function buildPrefilter(patterns: readonly Filtered[]): Prefilter {
  const users = new Map<string, number[]>();
  const always = new Uint32Array((patterns.length + 31) >>> 5);
  patterns.forEach(({ literals }, number) => {
    if (!literals) always[number >>> 5]! |= 1 << (number & 31);
    for (const literal of literals ?? []) {
      const others = users.get(literal);
      if (others) others.push(number);
      else users.set(literal, [number]);
    }
  });
  return new LiteralPrefilter(
    new AhoCorasick([...users.keys()], { caseless: true }),
    [...users.values()],
    always,
  );
}

class LiteralPrefilter implements Prefilter {
  readonly unfiltered: number;
  signs = 0;
  readonly #words: AhoCorasick;
  readonly #always: Uint32Array;
  readonly #candidates: Uint32Array;
  /** By state: where its patterns begin in `#patterns`; a state has those of all words that end there. */
  readonly #from: Int32Array;
  readonly #patterns: Int32Array;
  /** By state: the scan that saw it last. */
  readonly #seen: Uint32Array;
  #scan = 0;

  constructor(words: AhoCorasick, users: readonly (readonly number[])[], always: Uint32Array) {
    this.#words = words;
    this.#always = always;
    this.#candidates = always.slice();
    this.unfiltered = always.reduce((sum, bits) => sum + countBits(bits), 0);
    const states = words.longest.length;
    this.#from = new Int32Array(states + 1);
    this.#seen = new Uint32Array(states);
    const patterns: number[] = [];
    for (let state = 0; state < states; state++) {
      patterns.push(...usersAt(words, users, state));
      this.#from[state + 1] = patterns.length;
    }
    this.#patterns = Int32Array.from(patterns);
  }

  get tableBytes(): number {
    const { table, longest, shorter } = this.#words;
    const own = [this.#from, this.#patterns, this.#seen];
    return [table, longest, shorter, ...own].reduce((sum, array) => sum + array.byteLength, 0);
  }

  scan(value: string): Uint32Array {
    const { table, classOf, stride } = this.#words;
    const from = this.#from;
    const candidates = this.#candidates;
    candidates.set(this.#always);
    const scan = this.#next();
    let row = 0;
    let signs = 0;
    for (let at = 0; at < value.length; at++) {
      const byte = value.charCodeAt(at) & 255;
      signs |= SIGN_OF[byte]!;
      row = table[row + classOf[byte]!]!;
      if (row === 0) continue;
      const state = row / stride;
      if (from[state] === from[state + 1] || this.#seen[state] === scan) continue;
      this.#seen[state] = scan;
      for (let each = from[state]!; each < from[state + 1]!; each++) {
        const number = this.#patterns[each]!;
        candidates[number >>> 5]! |= 1 << (number & 31);
      }
    }
    this.signs = signs;
    return candidates;
  }

  #next(): number {
    if (this.#scan === 0xffff_ffff) {
      this.#seen.fill(0);
      this.#scan = 0;
    }
    return ++this.#scan;
  }
}

function usersAt(words: AhoCorasick, users: readonly (readonly number[])[], state: number): Set<number> {
  const found = new Set<number>();
  for (let each = state; each >= 0 && words.longest[each]! >= 0; each = words.shorter[each]!)
    for (const number of users[words.longest[each]!]!) found.add(number);
  return found;
}

function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
