/** Writes a parsed pattern in JavaScript's syntax. */
import { type ByteSet, complement, DIGIT, equal, WORD } from './byte-set.ts';
import type { Branch, Item, Place } from './syntax.ts';

const PLACES: Readonly<Record<Place, string>> = {
  start: '^',
  lineStart: '(?:^|(?<=\\n)(?!$))',
  end: '$',
  lineEnd: '(?=\\n|$)',
  lastLineEnd: '(?=\\n?$)',
  wordBoundary: '\\b',
  notWordBoundary: '\\B',
};

export interface Emitted {
  readonly source: string;
  /** PCRE's number of each group, less one → its number in `source`; undefined when no group was added. */
  readonly groups: readonly number[] | undefined;
}

/** @param folded whether the expression gets the flag `i`, so that one case of each letter is enough */
export function emitPattern(branches: readonly Branch[], folded: boolean): Emitted {
  const emitter = new Emitter(folded);
  const source = emitter.branches(branches);
  return { source, groups: emitter.added ? emitter.groups : undefined };
}

/**
 * Whether the flag `i` would change nothing: every set has both cases of its letters, and all bytes above 127 or none,
 * since JavaScript knows the case of those and PCRE does not.
 */
export function bearsFolding(branches: readonly Branch[]): boolean {
  return branches.every(branch => branch.every(itemBearsFolding));
}

function itemBearsFolding(item: Item): boolean {
  switch (item.kind) {
    case 'set':
      return isFolded(item.set);
    case 'place':
      return true;
    case 'reference':
      return item.ignoreCase;
    case 'repeat':
      return itemBearsFolding(item.item);
    default:
      return bearsFolding(item.branches);
  }
}

const folding = new WeakMap<ByteSet, boolean>();

function isFolded(set: ByteSet): boolean {
  const known = folding.get(set) ?? hasBothCases(set);
  folding.set(set, known);
  return known;
}

function hasBothCases(set: ByteSet): boolean {
  for (let upper = 65; upper <= 90; upper++) if (set[upper] !== set[upper + 32]) return false;
  return set.subarray(128).every(flag => flag === set[128]);
}

class Emitter {
  readonly groups: number[] = [];
  readonly #folded: boolean;
  /** Capturing groups written so far; atomic groups need one each. */
  #written = 0;

  constructor(folded: boolean) {
    this.#folded = folded;
  }

  get added(): boolean {
    return this.#written > this.groups.length;
  }

  branches(branches: readonly Branch[]): string {
    return branches.map(branch => branch.map(item => this.#item(item)).join('')).join('|');
  }

  #item(item: Item): string {
    switch (item.kind) {
      case 'set':
        return setSource(item.set, this.#folded);
      case 'place':
        return PLACES[item.place];
      case 'look':
        return `${item.open}${this.branches(item.branches)})`;
      case 'group':
        return this.#group(item.index, item.name, item.branches);
      case 'atomic':
        return this.#atomic(item.branches);
      case 'reference':
        return this.#reference(item.group, item.ignoreCase);
      case 'repeat':
        return this.#repeat(item.item, item.least, item.most, item.lazy);
    }
  }

  #group(index: number | undefined, name: string | undefined, branches: readonly Branch[]): string {
    if (index === undefined) return `(?:${this.branches(branches)})`;
    this.groups[index - 1] = ++this.#written;
    return `(${name === undefined ? '' : `?<${name}>`}${this.branches(branches)})`;
  }

  /** A lookahead is never entered again, so what it captured is taken as it is. */
  #atomic(branches: readonly Branch[]): string {
    const group = ++this.#written;
    return `(?:(?=(${this.branches(branches)}))\\${group})`;
  }

  #reference(group: number, ignoreCase: boolean): string {
    const modifier = ignoreCase && !this.#folded ? 'i' : '';
    return `(?${modifier}:\\${this.groups[group - 1]})`; // in a group of its own: a digit may follow
  }

  #repeat(item: Item, least: number, most: number, lazy: boolean): string {
    const source = this.#item(item);
    // JavaScript takes no turn that matches nothing; an alternative may match nothing in both languages.
    if (least === 0 && most === 1 && canBeEmpty(item)) return lazy ? `(?:|${source})` : `(?:${source}|)`;
    const suffix = quantifier(least, most) + (lazy ? '?' : '');
    return item.kind === 'look' ? `(?:${source})${suffix}` : source + suffix;
  }
}

/** Whether an item may match without taking a byte; true when in doubt. */
function canBeEmpty(item: Item): boolean {
  switch (item.kind) {
    case 'set':
      return false;
    case 'group':
    case 'atomic':
      return item.branches.some(branch => branch.every(canBeEmpty));
    case 'repeat':
      return item.least === 0 || canBeEmpty(item.item);
    default:
      return true;
  }
}

function quantifier(least: number, most: number): string {
  if (most === Number.POSITIVE_INFINITY) return least === 0 ? '*' : least === 1 ? '+' : `{${least},}`;
  if (least === 0 && most === 1) return '?';
  return least === most ? `{${least}}` : `{${least},${most}}`;
}

/** Sets of single bytes and of classes with a name are shared by all patterns: each is written once. */
const written = { plain: new WeakMap<ByteSet, string>(), folded: new WeakMap<ByteSet, string>() };

function setSource(set: ByteSet, folded: boolean): string {
  const cache = folded ? written.folded : written.plain;
  const known = cache.get(set);
  if (known !== undefined) return known;
  const source = writeSet(set, folded);
  cache.set(set, source);
  return source;
}

const isLetter = (byte: number) => (byte | 32) >= 97 && (byte | 32) <= 122;
const isUpper = (byte: number) => byte >= 65 && byte <= 90;

function writeSet(set: ByteSet, folded: boolean): string {
  const bytes = membersOf(set);
  if (bytes.length === 0) return '(?!)';
  if (bytes.length === 256) return '[^]';
  if (bytes.length === 1) return byteSource(bytes[0]!);
  if (folded && bytes.length === 2 && bytes.every(isLetter)) return byteSource(bytes[1]!);
  if (equal(set, DIGIT)) return '\\d';
  if (equal(set, WORD)) return '\\w';
  const others = membersOf(complement(set));
  // With the flag `i` a negated class would take letters out in both cases.
  if (others.length < bytes.length && (!folded || !others.some(isLetter))) return `[^${ranges(others)}]`;
  return `[${ranges(folded ? bytes.filter(byte => !isUpper(byte)) : bytes)}]`;
}

const membersOf = (set: ByteSet): number[] => Array.from(set.keys()).filter(byte => set[byte]);

function ranges(bytes: readonly number[]): string {
  let source = '';
  for (let at = 0; at < bytes.length; at++) {
    const first = at;
    while (bytes[at + 1] === bytes[at]! + 1) at++;
    const last = byteSource(bytes[at]!, '-^');
    const length = at - first + 1;
    source += length === 1 ? last : byteSource(bytes[first]!, '-^') + (length === 2 ? '' : '-') + last;
  }
  return source;
}

/** @param special further signs that have a meaning where the byte stands */
function byteSource(byte: number, special = ''): string {
  const char = String.fromCharCode(byte);
  const known = { '\t': '\\t', '\n': '\\n', '\r': '\\r' }[char];
  if (known) return known;
  if (byte < 32 || byte > 126) return `\\x${byte.toString(16).padStart(2, '0')}`;
  return '\\^$.*+?()[]{}|'.includes(char) || special.includes(char) ? `\\${char}` : char;
}
