/** Literals that a value must contain for a pattern to match: what a prefilter looks for. */
import type { ByteSet } from '#kit/pcre/byte-set.ts';
import type { Node } from './tree.ts';

/** Strings in lower case; a set says that one of its strings is there. */
type Strings = ReadonlySet<string>;

interface Known {
  /** All that the node can match, when that is little. */
  readonly exact: Strings | undefined;
  /** The best set found: each match contains one of them. Undefined when there is none. */
  readonly needed: Strings | undefined;
}

/** More strings than this are not kept apart. */
const EXACT_MOST = 48;
/** A set may have so many strings in all; patterns with long lists of words have several hundred. */
const NEEDED_MOST = 2000;
const LENGTH_MOST = 24;
/** A class with more bytes than this (both cases of a letter count once) is no literal. */
const CLASS_MOST = 12;

/** Regular trees only. @returns strings in lower case, none of them empty, or undefined when nothing is known */
export function literalsOf(node: Node): readonly string[] | undefined {
  const { exact, needed } = knownOf(node);
  const best = better(exact, needed);
  return best && [...withoutLonger(best)];
}

const UNKNOWN: Known = { exact: undefined, needed: undefined };
const NOTHING: Known = { exact: new Set(['']), needed: undefined };

function knownOf(node: Node): Known {
  switch (node.kind) {
    case 'set':
      return { exact: bytesOf(node.set), needed: undefined };
    case 'assert':
      return NOTHING;
    case 'sequence':
      return sequence(node.nodes);
    case 'choice':
      return choice(node.nodes.map(knownOf));
    case 'capture':
      return knownOf(node.node);
    case 'repeat':
      return repeat(node.node, node.least, node.most);
    default:
      return UNKNOWN;
  }
}

/** Grows a product of what stands side by side, and lays it down whenever it becomes too large. */
function sequence(nodes: readonly Node[]): Known {
  let whole = true;
  let current: Strings = new Set(['']);
  let needed: Strings | undefined;
  for (const node of nodes) {
    const known = knownOf(node);
    const product = known.exact && productOf(current, known.exact);
    if (product) {
      current = product;
      continue;
    }
    whole = false;
    needed = better(needed, current);
    needed = better(needed, known.needed);
    // What follows may still begin with what was too much to multiply.
    current = known.exact ?? new Set(['']);
  }
  if (whole) return { exact: current, needed: undefined };
  return { exact: undefined, needed: better(needed, current) };
}

function choice(all: readonly Known[]): Known {
  const exact = union(
    all.map(known => known.exact),
    EXACT_MOST,
  );
  if (exact) return { exact, needed: undefined };
  return {
    exact: undefined,
    needed: union(
      all.map(known => better(known.exact, known.needed)),
      NEEDED_MOST,
    ),
  };
}

function repeat(node: Node, least: number, most: number): Known {
  if (least === 0) {
    const { exact } = most === 1 ? knownOf(node) : UNKNOWN;
    return exact ? { exact: new Set([...exact, '']), needed: undefined } : UNKNOWN;
  }
  const known = knownOf(node);
  if (least === 1 && most === 1) return known;
  return { exact: undefined, needed: better(known.exact, known.needed) };
}

function bytesOf(set: ByteSet): Strings | undefined {
  const bytes = new Set<string>();
  for (let byte = 0; byte < 256; byte++) {
    if (!set[byte]) continue;
    bytes.add(String.fromCharCode(byte >= 65 && byte <= 90 ? byte + 32 : byte));
    if (bytes.size > CLASS_MOST) return undefined;
  }
  return bytes;
}

function productOf(left: Strings, right: Strings): Strings | undefined {
  if (left.size * right.size > EXACT_MOST && left.size > 1 && right.size > 1) return undefined;
  const product = new Set<string>();
  for (const before of left)
    for (const after of right) {
      if (before.length + after.length > LENGTH_MOST) return undefined;
      product.add(before + after);
    }
  return product;
}

function union(sets: readonly (Strings | undefined)[], most: number): Strings | undefined {
  const all = new Set<string>();
  for (const set of sets) {
    if (!set) return undefined;
    for (const each of set) all.add(each);
    if (all.size > most) return undefined;
  }
  return all;
}

/** The set that fewer values will have: its shortest string is longer, or it has fewer strings. */
function better(a: Strings | undefined, b: Strings | undefined): Strings | undefined {
  const [left, right] = [worth(a), worth(b)];
  return right > left ? b : left > 0 ? a : undefined;
}

/** How rare the set is, as a sum of guesses: 0 for a set that says nothing. */
function worth(set: Strings | undefined): number {
  if (!set || set.size === 0 || set.has('')) return 0;
  let chance = 0;
  for (const text of set) chance += rarity(text);
  return 1 / chance;
}

function rarity(text: string): number {
  let chance = 1;
  for (const char of text) chance *= /[a-z]/.test(char) ? 0.06 : /[0-9 &=./-]/.test(char) ? 0.04 : 0.005;
  return chance;
}

/** A string that contains another of the set says no more than that one. */
function withoutLonger(set: Strings): string[] {
  const kept: string[] = [];
  for (const text of [...set].sort((a, b) => a.length - b.length))
    if (!kept.some(shorter => text.includes(shorter))) kept.push(text);
  return kept;
}
