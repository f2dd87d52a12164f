/** `*`, `+`, `?`, `{2,5}`: how often. */
import type { Reader } from './reader.ts';
import { PatternFault } from './syntax.ts';

/** @returns the least and the most (Infinity: no limit), or undefined when no quantifier stands here */
export function readBounds(reader: Reader): [least: number, most: number] | undefined {
  const found = reader.match(/([*+?])|\{(\d+)(,?)(\d*)\}/y);
  return found && boundsOf(found);
}

function boundsOf([, sign, least, comma, most]: RegExpExecArray): [number, number] {
  if (sign) return [sign === '+' ? 1 : 0, sign === '?' ? 1 : Number.POSITIVE_INFINITY];
  const from = Number(least);
  const to = most ? Number(most) : comma ? Number.POSITIVE_INFINITY : from;
  if (from > 65535 || (to > 65535 && to !== Number.POSITIVE_INFINITY))
    throw new PatternFault('number too big in {} quantifier');
  if (to < from) throw new PatternFault('numbers out of order in {} quantifier');
  return [from, to];
}
