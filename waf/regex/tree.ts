/** A pattern as the matchers want it: what is regular is said in sets, sequences, choices, repetitions and assertions. */
import { type ByteSet, NEWLINE } from '#kit/pcre/byte-set.ts';
import { parsePattern } from '#kit/pcre/parse.ts';
import { type Branch, type Item, type Look, PatternFault } from '#kit/pcre/syntax.ts';
import { type Assertion, lastIs, nextIs, PLACES } from './assertion.ts';

export type Node =
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  /** In order of preference. */
  | { readonly kind: 'choice'; readonly nodes: readonly Node[] }
  | { readonly kind: 'capture'; readonly group: number; readonly node: Node }
  | {
      readonly kind: 'repeat';
      readonly node: Node;
      readonly least: number;
      readonly most: number;
      readonly lazy: boolean;
    }
  | Irregular;

/** What no finite automaton of ours runs. */
export type Irregular =
  | {
      readonly kind: 'look';
      readonly ahead: boolean;
      readonly negative: boolean;
      readonly node: Node;
      /** Of a look behind: the lengths that it may have, in bytes; one for each of its alternatives. */
      readonly lengths: readonly number[];
    }
  | { readonly kind: 'atomic'; readonly node: Node }
  | { readonly kind: 'reference'; readonly group: number; readonly ignoreCase: boolean };

export interface Tree {
  readonly node: Node;
  /** Capturing groups. */
  readonly groups: number;
  readonly regular: boolean;
  readonly references: boolean;
}

export interface Flags {
  readonly caseless?: boolean;
  readonly multiline?: boolean;
}

/**
 * Reads a pattern as ModSecurity 2 compiles it: `.` takes newlines, `$` is the very end; with `multiline`, `^` and `$` are
 * also the ends of lines, as in libmodsecurity 3.
 *
 * @throws {PatternFault}
 */
export function readTree(source: string, { caseless = false, multiline = false }: Flags): Tree {
  const lowering = new Lowering();
  const { branches } = parsePattern(source, {
    ignoreCase: caseless,
    multiLine: multiline,
    dotAll: true,
    dollarEndOnly: true,
    anyReference: true,
  });
  const node = lowering.choice(branches);
  if (lowering.highestReference > lowering.groups)
    throw new PatternFault(`reference to non-existent subpattern ${lowering.highestReference}`);
  const { groups, irregular, references } = lowering;
  return { node, groups, regular: !irregular, references };
}

export const EMPTY: Node = { kind: 'sequence', nodes: [] };

export const sequenceOf = (nodes: readonly Node[]): Node =>
  nodes.length === 1 ? nodes[0]! : { kind: 'sequence', nodes };

type Bounds = { readonly least: number; readonly most: number; readonly lazy: boolean };

export const repeatOf = (node: Node, { least, most, lazy }: Bounds): Node => ({
  kind: 'repeat',
  node,
  least,
  most,
  lazy,
});

class Lowering {
  groups = 0;
  irregular = false;
  references = false;
  highestReference = 0;

  choice(branches: readonly Branch[]): Node {
    const nodes = branches.map(branch => sequenceOf(branch.map(item => this.#node(item))));
    return nodes.length === 1 ? nodes[0]! : { kind: 'choice', nodes };
  }

  #node(item: Item): Node {
    switch (item.kind) {
      case 'set':
        return item;
      case 'place':
        return item.place === 'lastLineEnd' ? LAST_LINE_END(this) : assert(PLACES[item.place]);
      case 'group':
        return this.#group(item.index, item.branches);
      case 'repeat':
        return repeatOf(this.#node(item.item), item);
      case 'atomic':
        return this.#atomic(item.branches);
      case 'look':
        return this.#look(item.open, item.branches);
      case 'reference':
        this.irregular = this.references = true;
        this.highestReference = Math.max(this.highestReference, item.group);
        return item;
    }
  }

  #group(index: number | undefined, branches: readonly Branch[]): Node {
    if (index === undefined) return this.choice(branches);
    this.groups = Math.max(this.groups, index);
    return { kind: 'capture', group: index, node: this.choice(branches) };
  }

  /** `[a]*+` is `[a]*(?![a])`: it ends where no more follows. What cannot be taken in two ways needs no atomic group. */
  #atomic(branches: readonly Branch[]): Node {
    const node = this.choice(branches);
    if (isDeterministic(node)) return node;
    return possessiveRun(node) ?? this.#irregular({ kind: 'atomic', node });
  }

  #look(open: Look, branches: readonly Branch[]): Node {
    const node = this.choice(branches);
    const [ahead, negative] = [!open.startsWith('(?<'), open.endsWith('!')];
    if (node.kind === 'set') return assert((ahead ? nextIs : lastIs)(node.set, negative));
    const lengths = ahead ? [] : fixedLengths(node);
    return this.#irregular({ kind: 'look', ahead, negative, node, lengths });
  }

  #irregular(node: Irregular): Node {
    this.irregular = true;
    return node;
  }

  /** `\Z` before a newline that ends the value. */
  lookahead(node: Node): Node {
    return this.#irregular({ kind: 'look', ahead: true, negative: false, node, lengths: [] });
  }
}

const assert = (assertion: Assertion): Node => ({ kind: 'assert', assertion });

const LAST_LINE_END = (lowering: Lowering): Node => ({
  kind: 'choice',
  nodes: [
    assert(PLACES.end),
    lowering.lookahead(sequenceOf([{ kind: 'set', set: NEWLINE }, assert(PLACES.end)])),
  ],
});

function isDeterministic(node: Node): boolean {
  if (node.kind === 'sequence') return node.nodes.every(isDeterministic);
  if (node.kind === 'repeat') return node.least === node.most && isDeterministic(node.node);
  return node.kind === 'set' || node.kind === 'assert';
}

/** A greedy repetition of one set, which gives nothing back. */
function possessiveRun(node: Node): Node | undefined {
  if (node.kind !== 'repeat' || node.lazy || node.node.kind !== 'set') return undefined;
  const { least, most } = node;
  const ended = assert(nextIs(node.node.set, true));
  if (most === Number.POSITIVE_INFINITY) return sequenceOf([node, ended]);
  const full = repeatOf(node.node, { least: most, most, lazy: false });
  const fewer = repeatOf(node.node, { least, most: most - 1, lazy: false });
  return { kind: 'choice', nodes: [full, sequenceOf([fewer, ended])] };
}

/** The lengths of a look behind, as PCRE2 10.42 takes it: each alternative has one. @throws {PatternFault} */
function fixedLengths(node: Node): number[] {
  if (node.kind === 'choice') return [...new Set(node.nodes.flatMap(fixedLengths))];
  const length = lengthOf(node);
  if (length === undefined) throw new PatternFault('lookbehind assertion is not fixed length');
  return [length];
}

function lengthOf(node: Node): number | undefined {
  switch (node.kind) {
    case 'set':
      return 1;
    case 'assert':
    case 'look':
      return 0;
    case 'sequence':
      return node.nodes.reduce<number | undefined>((sum, each) => add(sum, lengthOf(each)), 0);
    case 'choice': {
      const [first, ...others] = node.nodes.map(lengthOf);
      return others.every(other => other === first) ? first : undefined;
    }
    case 'capture':
    case 'atomic':
      return lengthOf(node.node);
    case 'repeat': {
      const length = lengthOf(node.node);
      return node.least === node.most && length !== undefined ? length * node.least : undefined;
    }
    case 'reference':
      return undefined;
  }
}

const add = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? undefined : a + b;
