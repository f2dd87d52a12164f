/** Kinds of bytes that a value must have for a pattern to match. */
import { LOWER_SIGN, SIGN_OF } from '../signs.ts';
import type { Node } from './tree.ts';

/** More of them than this say little that is new. */
const MOST = 6;

/** Regular trees only. @returns masks of kinds; a value that matches has at least one kind of each */
export function neededSigns(node: Node): readonly number[] {
  // Nearly every value has small letters: to ask for them is a waste.
  return needs(node).filter(mask => (mask & LOWER_SIGN) === 0);
}

function needs(node: Node): readonly number[] {
  switch (node.kind) {
    case 'set':
      return [signsOfSet(node)];
    case 'sequence':
      return best(node.nodes.flatMap(needs));
    case 'choice':
      return node.nodes.map(needs).reduce(either, [0]);
    case 'capture':
      return needs(node.node);
    case 'repeat':
      return node.least > 0 ? needs(node.node) : [];
    default:
      return [];
  }
}

/** What is needed when one of two things is. */
const either = (all: readonly number[], own: readonly number[]): readonly number[] =>
  best(all.flatMap(mask => own.map(other => mask | other)));

/** The fewer kinds satisfy a mask, the more values it rules out; letters weigh most. */
const weight = (mask: number): number => {
  let count = (mask & LOWER_SIGN) === 0 ? 0 : 32;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
};

const best = (masks: readonly number[]): readonly number[] =>
  [...new Set(masks)].sort((a, b) => weight(a) - weight(b)).slice(0, MOST);

function signsOfSet({ set }: Extract<Node, { kind: 'set' }>): number {
  let signs = 0;
  for (let byte = 0; byte < 256; byte++) if (set[byte]) signs |= SIGN_OF[byte]!;
  return signs;
}
