/** One pass over a value that tells which patterns can match it at all, by the literals that they need. */

import { loadPiece, SCRATCH_BYTES, scratch } from '../scratch.ts';
import { LEADING_DOT_SIGN, SIGN_OF } from '../signs.ts';
import { AhoCorasick } from './aho-corasick.ts';

/** Patterns, a bit each: which of them may match. Plain numbers, which are cheaper to make than typed arrays. */
export type Candidates = readonly number[];

export interface Prefilter {
  /**
   * Bit n is set when pattern n may match the value. O(bytes of the value, and pairs of literals and patterns).
   *
   * @returns `none` itself when there are no candidates
   */
  scan(value: string): Candidates;
  /** Candidates of a value that differs from a scanned one in the case of letters only, and has bytes of these kinds. */
  recased(candidates: Candidates, signs: number): Candidates;
  /** The kinds of bytes of the value that was scanned last. */
  readonly signs: number;
  readonly none: Candidates;
  /** Patterns of which nothing is known: always candidates. */
  readonly unfiltered: number;
  readonly tableBytes: number;
}

/** Whether pattern `number` is among the candidates. */
export const isCandidate = (candidates: Candidates, number: number): boolean =>
  ((candidates[number >>> 5]! >>> (number & 31)) & 1) === 1;

/** What a value must have for a pattern to match. */
export interface Filtered {
  /** One of these words, in lower case; undefined when nothing is known of words. */
  readonly literals: readonly string[] | undefined;
  /** Without literals: a byte of at least one kind of each of these masks (`signs.ts`). */
  readonly kinds?: readonly number[];
}

/** @param patterns the numbers of the result are their places here */
export function buildPrefilter(patterns: readonly Filtered[]): Prefilter {
  const users = new Map<string, number[]>();
  const always = new Array<number>((patterns.length + 31) >>> 5).fill(0);
  const byKinds: ByKinds[] = [];
  patterns.forEach(({ literals, kinds = [] }, number) => {
    if (!literals && kinds.length === 0) always[number >>> 5]! |= 1 << (number & 31);
    if (!literals && kinds.length > 0) byKinds.push({ number, kinds });
    for (const literal of literals ?? []) {
      const others = users.get(literal);
      if (others) others.push(number);
      else users.set(literal, [number]);
    }
  });
  const words = new AhoCorasick([...users.keys()], { caseless: true });
  return new LiteralPrefilter(words, [...users.values()], always, byKinds);
}

interface ByKinds {
  readonly number: number;
  readonly kinds: readonly number[];
}

/** Combinations of kinds whose candidates are remembered. */
const KEPT_KINDS = 256;

/** Values from this size on are read in two halves at once. */
const TWOFOLD_BYTES = 96;
const DOT = 46;

class LiteralPrefilter implements Prefilter {
  readonly unfiltered: number;
  readonly none: Candidates;
  signs = 0;
  readonly #byKinds: readonly ByKinds[];
  readonly #stride: number;
  readonly #classOf: Uint8Array;
  /** The words' table, with the states at which a word ends behind all others: from `#firstFull` on. */
  readonly #table: Int32Array;
  readonly #firstFull: number;
  /** By state less the first full one: where its patterns begin in `#patterns`; it has those of all words that end there. */
  readonly #from: Int32Array;
  readonly #patterns: Int32Array;
  /** By the same: the scan that saw it last. */
  readonly #seen: Uint32Array;
  /** Bytes of the longest word but one: a word that begins before a place has ended so many bytes behind it. */
  readonly #overlap: number;
  #found: number[] | undefined;
  readonly #kept = new Array<Candidates | undefined>(KEPT_KINDS).fill(undefined);
  readonly #keptSigns = new Int32Array(KEPT_KINDS);
  #scan = 0;

  constructor(
    words: AhoCorasick,
    users: readonly (readonly number[])[],
    always: readonly number[],
    byKinds: readonly ByKinds[],
  ) {
    this.none = always;
    this.#byKinds = byKinds;
    this.unfiltered = always.reduce((sum, bits) => sum + countBits(bits), 0);
    this.#stride = words.stride;
    this.#classOf = Uint8Array.from(words.classOf);
    this.#overlap = Math.max(0, ...words.words.map(({ length }) => length - 1));
    const order = orderOf(words);
    this.#table = reordered(words, order.all);
    this.#firstFull = order.empty * words.stride;
    const full = order.all.slice(order.empty);
    this.#from = new Int32Array(full.length + 1);
    this.#seen = new Uint32Array(full.length);
    const patterns: number[] = [];
    full.forEach((state, at) => {
      patterns.push(...usersAt(words, users, state));
      this.#from[at + 1] = patterns.length;
    });
    this.#patterns = Int32Array.from(patterns);
  }

  get tableBytes(): number {
    const own = [this.#table, this.#from, this.#patterns, this.#seen];
    return own.reduce((sum, array) => sum + array.byteLength, 0);
  }

  scan(value: string): Candidates {
    this.#found = undefined;
    let signs = value.charCodeAt(0) === DOT ? LEADING_DOT_SIGN : 0;
    if (value.length < TWOFOLD_BYTES || this.#overlap > SCRATCH_BYTES / 2) signs |= this.#read(value);
    else
      for (let from = 0; from < value.length; from += SCRATCH_BYTES - this.#overlap)
        signs |= this.#readTwofold(loadPiece(value, from));
    this.signs = signs;
    const found = this.#found as number[] | undefined;
    const ofKinds = this.#ofKinds(signs);
    if (!found) return ofKinds;
    for (let word = 0; word < found.length; word++) found[word]! |= ofKinds[word]!;
    return found;
  }

  /** @returns the kinds of its bytes */
  #read(value: string): number {
    const table = this.#table;
    const classOf = this.#classOf;
    const firstFull = this.#firstFull;
    const { length } = value;
    let row = 0;
    let signs = 0;
    for (let at = 0; at < length; at++) {
      const byte = value.charCodeAt(at) & 255;
      signs |= SIGN_OF[byte]!;
      row = table[row + classOf[byte]!]!;
      if (row >= firstFull) this.#mark(row);
    }
    return signs;
  }

  /**
   * The same in two halves at once: each look into the table has to wait for the one before it, and in its time there is room for
   * another. No word is longer than the halves overlap, so none is missed.
   *
   * @param count of bytes, which are in the scratch
   */
  #readTwofold(count: number): number {
    const table = this.#table;
    const classOf = this.#classOf;
    const firstFull = this.#firstFull;
    const length = Math.min(count, ((count - this.#overlap + 1) >> 1) + this.#overlap);
    const second = count - length;
    let row = 0;
    let other = 0;
    let signs = 0;
    for (let at = 0; at < length; at++) {
      const byte = scratch[at]!;
      const twin = scratch[at + second]!;
      signs |= SIGN_OF[byte]! | SIGN_OF[twin]!;
      row = table[row + classOf[byte]!]!;
      other = table[other + classOf[twin]!]!;
      if (row < firstFull && other < firstFull) continue;
      if (row >= firstFull) this.#mark(row);
      if (other >= firstFull) this.#mark(other);
    }
    return signs;
  }

  /** Candidates of a value with these kinds of bytes and no word. Few combinations of kinds are frequent. */
  #ofKinds(signs: number): Candidates {
    const place = (Math.imul(signs, 0x9e37_79b1) >>> 24) & (KEPT_KINDS - 1);
    const known = this.#kept[place];
    if (known && this.#keptSigns[place] === signs) return known;
    const found = this.#findKinds(signs);
    this.#kept[place] = found;
    this.#keptSigns[place] = signs;
    return found;
  }

  #findKinds(signs: number): Candidates {
    let found: number[] | undefined;
    for (const { number, kinds } of this.#byKinds) {
      if (!hasEach(kinds, signs)) continue;
      found ??= this.none.slice();
      found[number >>> 5]! |= 1 << (number & 31);
    }
    return found ?? this.none;
  }

  recased(candidates: Candidates, signs: number): Candidates {
    let own: number[] | undefined;
    for (const { number, kinds } of this.#byKinds) {
      if (hasEach(kinds, signs) === isCandidate(candidates, number)) continue;
      own ??= candidates.slice();
      own[number >>> 5]! ^= 1 << (number & 31);
    }
    return own ?? candidates;
  }

  #mark(row: number): void {
    if (!this.#found) {
      this.#found = this.none.slice();
      this.#next();
    }
    const state = (row - this.#firstFull) / this.#stride;
    if (this.#seen[state] === this.#scan) return;
    this.#seen[state] = this.#scan;
    const found = this.#found;
    const end = this.#from[state + 1]!;
    for (let each = this.#from[state]!; each < end; each++) {
      const number = this.#patterns[each]!;
      found[number >>> 5]! |= 1 << (number & 31);
    }
  }

  #next(): void {
    if (this.#scan === 0xffff_ffff) {
      this.#seen.fill(0);
      this.#scan = 0;
    }
    this.#scan++;
  }
}

function hasEach(kinds: readonly number[], signs: number): boolean {
  for (let at = 0; at < kinds.length; at++) if ((kinds[at]! & signs) === 0) return false;
  return true;
}

/**
 * All states, those at which no word ends first: so that the loop over bytes has one comparison to make. Both by their distance
 * from the start: most bytes of most values keep to the few nearest, whose rows then share a small part of the cache.
 */
function orderOf(words: AhoCorasick): { readonly all: readonly number[]; readonly empty: number } {
  const { longest } = words;
  const states = byDistance(words);
  const empty = states.filter(state => longest[state]! < 0);
  return { all: [...empty, ...states.filter(state => longest[state]! >= 0)], empty: empty.length };
}

function byDistance({ table, stride, longest }: AhoCorasick): number[] {
  const found = [0];
  const seen = new Uint8Array(longest.length);
  seen[0] = 1;
  for (let at = 0; at < found.length; at++) {
    for (let klass = 0; klass < stride; klass++) {
      const state = table[found[at]! * stride + klass]! / stride;
      if (seen[state]) continue;
      seen[state] = 1;
      found.push(state);
    }
  }
  return found;
}

function reordered({ table, stride }: AhoCorasick, order: readonly number[]): Int32Array {
  const places = new Int32Array(order.length);
  for (let at = 0; at < order.length; at++) places[order[at]!] = at;
  const own = new Int32Array(table.length);
  for (let at = 0; at < order.length; at++)
    for (let klass = 0; klass < stride; klass++)
      own[at * stride + klass] = places[table[order[at]! * stride + klass]! / stride]! * stride;
  return own;
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
