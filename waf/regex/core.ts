/** What of a pattern decides whether there is a match somewhere, when nobody asks where. */
import { ALL } from '#kit/pcre/byte-set.ts';
import { bearsFolding } from '#kit/pcre/emit.ts';
import { type Assertion, PLACES } from './assertion.ts';
import { EMPTY, type Node, repeatOf, sequenceOf } from './tree.ts';

/**
 * The same question with less work: of `\s*foo(bar)+\w*`, `foobar` is left, for who finds one finds the other.
 *
 * @param references whether there are references: then groups stay what they are
 */
export function coreOf(node: Node, references = false): Node {
  const core = strip(strip(node, 'head', references), 'tail', references);
  return isEverywhere(core) ? EMPTY : core;
}

type End = 'head' | 'tail';

function strip(node: Node, side: End, references: boolean): Node {
  if (references && hasGroups(node) && node.kind !== 'sequence') return node;
  switch (node.kind) {
    case 'capture':
      return strip(node.node, side, references);
    case 'choice': {
      const nodes = node.nodes.map(each => strip(each, side, references));
      return nodes.some(isEmpty) ? EMPTY : { kind: 'choice', nodes };
    }
    case 'repeat': {
      if (node.least === 0) return EMPTY;
      const last = strip(node.node, side, references);
      if (isEmpty(last)) return EMPTY;
      const others = repeatOf(node.node, { least: node.least - 1, most: node.least - 1, lazy: false });
      if (node.least === 1) return last;
      return sequenceOf(side === 'head' ? [last, others] : [others, last]);
    }
    case 'sequence':
      return stripSequence(node.nodes, side, references);
    default:
      return node;
  }
}

function stripSequence(nodes: readonly Node[], side: End, references: boolean): Node {
  const left = side === 'head' ? nodes.toReversed() : [...nodes];
  const edge = side === 'head' ? PLACES.start : PLACES.end;
  while (left.length > 0) {
    // `^.*` takes all that comes before what follows, wherever that is.
    if (isPlace(left.at(-1), edge) && isAnything(left.at(-2))) left.pop();
    const outer = strip(left.pop()!, side, references);
    if (isEmpty(outer)) continue;
    left.push(outer);
    break;
  }
  return sequenceOf(side === 'head' ? left.reverse() : left);
}

const isPlace = (node: Node | undefined, place: Assertion): boolean =>
  node?.kind === 'assert' && node.assertion === place;

function isAnything(node: Node | undefined): boolean {
  if (node?.kind !== 'repeat' || node.least > 0 || node.most !== Number.POSITIVE_INFINITY) return false;
  return node.node.kind === 'set' && node.node.set.every(flag => flag === 1);
}

/** Each value has a start and an end. */
const isEverywhere = (node: Node): boolean => isPlace(node, PLACES.start) || isPlace(node, PLACES.end);

const isEmpty = (node: Node): boolean => node.kind === 'sequence' && node.nodes.every(isEmpty);

/** A regular tree that matches wherever this one does, and maybe elsewhere: looks are taken to hold. */
export const approximate = (node: Node): Node => new Approximation(node).of(node);

const ANYTHING: Node = repeatOf(
  { kind: 'set', set: ALL },
  { least: 0, most: Number.POSITIVE_INFINITY, lazy: false },
);

class Approximation {
  readonly #root: Node;
  /** Inside what a reference stands for there are no further references. */
  #nested = false;

  constructor(root: Node) {
    this.#root = root;
  }

  of(node: Node): Node {
    switch (node.kind) {
      case 'sequence':
      case 'choice':
        return { kind: node.kind, nodes: node.nodes.map(each => this.of(each)) };
      case 'capture':
      case 'atomic':
        return this.of(node.node);
      case 'repeat':
        return repeatOf(this.of(node.node), node);
      case 'look':
        return EMPTY;
      case 'reference':
        return this.#reference(node.group, node.ignoreCase);
      default:
        return node;
    }
  }

  /** What the group can match by itself; where it stands it may be surrounded by other bytes, so places do not count. */
  #reference(group: number, ignoreCase: boolean): Node {
    if (this.#nested) return ANYTHING;
    const found = findGroup(this.#root, group);
    if (!found || (ignoreCase && !isFolded(found))) return ANYTHING;
    this.#nested = true;
    const like = withoutPlaces(this.of(found));
    this.#nested = false;
    return like;
  }
}

function childrenOf(node: Node): readonly Node[] {
  if (node.kind === 'sequence' || node.kind === 'choice') return node.nodes;
  return 'node' in node ? [node.node] : [];
}

const hasGroups = (node: Node): boolean => node.kind === 'capture' || childrenOf(node).some(hasGroups);

function findGroup(node: Node, group: number): Node | undefined {
  if (node.kind === 'capture' && node.group === group) return node.node;
  for (const child of childrenOf(node)) {
    const found = findGroup(child, group);
    if (found) return found;
  }
  return undefined;
}

function isFolded(node: Node): boolean {
  if (node.kind === 'set') return bearsFolding([[node]]);
  return childrenOf(node).every(isFolded);
}

function withoutPlaces(node: Node): Node {
  switch (node.kind) {
    case 'assert':
      return EMPTY;
    case 'sequence':
    case 'choice':
      return { kind: node.kind, nodes: node.nodes.map(withoutPlaces) };
    case 'repeat':
      return repeatOf(withoutPlaces(node.node), node);
    default:
      return node;
  }
}

/** The fewest bytes that a match has. */
export function leastLength(node: Node): number {
  switch (node.kind) {
    case 'set':
      return 1;
    case 'sequence':
      return node.nodes.reduce((sum, each) => sum + leastLength(each), 0);
    case 'choice':
      return Math.min(...node.nodes.map(leastLength));
    case 'capture':
    case 'atomic':
      return leastLength(node.node);
    case 'repeat':
      return node.least === 0 ? 0 : node.least * leastLength(node.node);
    default:
      return 0;
  }
}

/** Whether a match begins at the start of the value, and nowhere else. */
export function isAnchored(node: Node): boolean {
  switch (node.kind) {
    case 'assert':
      return node.assertion === PLACES.start;
    case 'sequence':
      for (const each of node.nodes) {
        if (isAnchored(each)) return true;
        if (each.kind !== 'assert') return false;
      }
      return false;
    case 'choice':
      return node.nodes.every(isAnchored);
    case 'capture':
    case 'atomic':
      return isAnchored(node.node);
    case 'repeat':
      return node.least > 0 && isAnchored(node.node);
    default:
      return false;
  }
}
