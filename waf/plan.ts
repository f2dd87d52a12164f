/**
 * The rules of a phase, and how to tell in one go which of them can match at all: for each source of values, the chains of
 * transformations that rules take it through, with the rules at the end of each.
 */
import type { Chain, Step } from './chain.ts';
import type { Rule } from './rule.ts';
import type { Source } from './selection.ts';

/** Rules of a phase by their place in it, a bit each. */
export type Places = readonly number[];

export interface Plan {
  /** Heads of chains, in order. */
  readonly rules: readonly Rule[];
  /** Rules that have to be run for every request. */
  readonly always: Places;
  /** What the others look at. */
  readonly watches: readonly Watch[];
  /** In candidates of the filter, where the bits of this phase begin. */
  readonly firstWord: number;
}

interface Watch {
  readonly source: Source;
  readonly branch: Branch;
}

/** After some transformations: a tree of what comes next. */
export interface Branch {
  /** Rules that ask here. */
  readonly ends: Places;
  /** And all below. */
  readonly all: Places;
  /** Kinds of bytes without which no transformation below changes anything. */
  readonly signs: number;
  readonly next: readonly { readonly step: Step; readonly branch: Branch }[];
}

interface Growing {
  readonly places: number[];
  readonly next: Map<Step, Growing>;
}

/** @param rules have got their slots: place in the phase, from a whole word of the filter on */
export function planOf(rules: readonly Rule[], firstWord: number): Plan {
  const words = (rules.length + 31) >>> 5;
  const always: number[] = [];
  const roots = new Map<Source, Growing>();
  rules.forEach((rule, place) => {
    if (rule.slot < 0) always.push(place);
    else for (const source of rule.selection!.sources) plant(roots, source, rule, place);
  });
  const watches = [...roots].map(([source, root]) => ({ source, branch: branchOf(root, words) }));
  return { rules, always: placesOf(always, words), watches, firstWord };
}

function plant(roots: Map<Source, Growing>, source: Source, rule: Rule, place: number): void {
  const { multiMatch } = rule;
  const chain = sansCase(rule);
  let node = nodeAt(roots, source);
  if (multiMatch && chain.length > 0) node.places.push(place);
  chain.forEach((step, at) => {
    node = nodeAt(node.next, step);
    if (multiMatch && at < chain.length - 1) node.places.push(place);
  });
  node.places.push(place);
}

/** The chain less the steps at its end that change the case of letters only, which the words of the filter have no regard to. */
function sansCase({ chain, multiMatch, isByWords }: Rule): Chain {
  let end = chain.length;
  while (isByWords && !multiMatch && end > 0 && chain[end - 1]!.changesCaseOnly) end--;
  return chain.slice(0, end);
}

function nodeAt<K>(nodes: Map<K, Growing>, key: K): Growing {
  const known = nodes.get(key);
  if (known) return known;
  const node: Growing = { places: [], next: new Map() };
  nodes.set(key, node);
  return node;
}

function branchOf({ places, next }: Growing, words: number): Branch {
  const below = [...next].map(([step, node]) => ({ step, branch: branchOf(node, words) }));
  const ends = placesOf(places, words);
  const all = ends.slice();
  let signs = 0;
  for (const { step, branch } of below) {
    signs |= step.signs | branch.signs;
    for (let word = 0; word < words; word++) all[word]! |= branch.all[word]!;
  }
  return { ends, all, signs, next: below };
}

function placesOf(places: readonly number[], words: number): number[] {
  const bits = new Array<number>(words).fill(0);
  for (const place of places) bits[place >>> 5]! |= 1 << (place & 31);
  return bits;
}

/** The first of the places from `from` on; -1 when there is none. */
export function nextPlace(places: Places, from: number): number {
  let word = from >>> 5;
  if (word >= places.length) return -1;
  let bits = places[word]! & (-1 << (from & 31));
  while (bits === 0) {
    if (++word >= places.length) return -1;
    bits = places[word]!;
  }
  return word * 32 + 31 - Math.clz32(bits & -bits);
}
