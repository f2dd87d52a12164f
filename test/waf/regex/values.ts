/** Values for a pattern: made from its tree, spoilt a little, or of pieces that make backtracking engines slow. */
import { holds } from '../../../waf/regex/assertion.ts';
import type { Node } from '../../../waf/regex/tree.ts';
import { draw, seeded } from '../../l7/zone/random.ts';

/** A whole number below the given one. */
export type Random = (below: number) => number;

export function randomOf(seed: number): Random {
  const random = seeded(seed);
  return below => draw(random, below);
}

const LONGEST = 300;

/** A string that the tree matches, as far as places and references do not forbid it. */
export function sample(node: Node, random: Random): string {
  switch (node.kind) {
    case 'set': {
      const bytes = Array.from(node.set.keys()).filter(byte => node.set[byte]);
      if (bytes.length === 0) return '';
      const printable = bytes.filter(byte => byte > 31 && byte < 127);
      const from = printable.length > 0 && random(8) > 0 ? printable : bytes;
      return String.fromCharCode(from[random(from.length)]!);
    }
    case 'sequence':
      return node.nodes.map(each => sample(each, random)).join('');
    case 'choice':
      return sample(node.nodes[random(node.nodes.length)]!, random);
    case 'capture':
    case 'atomic':
      return sample(node.node, random);
    case 'repeat': {
      const most = Math.min(node.most, node.least + 3);
      let text = '';
      for (let left = node.least + random(most - node.least + 1); left > 0 && text.length < LONGEST; left--)
        text += sample(node.node, random);
      return text;
    }
    case 'assert':
      // A newline here and there, where lines begin and end.
      return holds(node.assertion, 10, -1) && random(6) === 0 ? '\n' : '';
    case 'look':
      return !node.negative && node.ahead && random(2) === 0 ? sample(node.node, random) : '';
    case 'reference':
      return 'ab';
  }
}

const NOISE = [
  '\n',
  ' ',
  '\t',
  '\r\n',
  '\0',
  '\xa0',
  '\xff',
  '\x0b',
  '\x85',
  'a',
  'A',
  '0',
  '_',
  '-',
  '<',
  '"',
  "'",
  ';',
  '(',
  '/',
  '\\',
];

/** A byte changed, taken out, doubled or put in. */
export function spoil(text: string, random: Random): string {
  const at = random(text.length + 1);
  const noise = NOISE[random(NOISE.length)]!;
  switch (random(5)) {
    case 0:
      return text.slice(0, at) + noise + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + noise.repeat(1 + random(4)) + text.slice(at);
    case 3: {
      const upper = text.toUpperCase();
      return upper.length === text.length && !/[^\x00-\xff]/.test(upper) ? upper : text;
    }
    default:
      return noise + text + noise;
  }
}

/** Matches and near misses, alone and between other text. */
export function valuesFor(node: Node, count: number, random: Random): string[] {
  const values: string[] = [];
  while (values.length < count) {
    let text = sample(node, random).slice(0, 4 * LONGEST);
    for (let turn = random(4); turn > 0; turn--) text = spoil(text, random);
    if (random(3) === 0) text = `${sample(node, random).slice(0, LONGEST)}${text}`;
    values.push(text);
  }
  return values;
}

/** Values of about `length` bytes that repeat a piece of what the tree matches, before, after and between other pieces. */
export function hostileFor(node: Node, length: number, random: Random): string[] {
  const whole = sample(node, random).slice(0, LONGEST) || 'a';
  const cut = whole.slice(0, 1 + random(whole.length));
  const piece = whole.slice(random(whole.length)).slice(0, 1 + random(8));
  const space = ['\n', ' ', '\t', ';', 'a'][random(5)]!;
  const fill = (text: string, size: number) => text.repeat(Math.ceil(size / text.length)).slice(0, size);
  return [
    cut + fill(space, length),
    fill(cut, length),
    cut + fill(piece, length),
    fill(piece, length) + whole,
    cut + fill(piece + space, length) + spoil(whole, random),
  ];
}

export function noise(length: number, random: Random): string {
  return Array.from({ length }, () => String.fromCharCode(random(256))).join('');
}
