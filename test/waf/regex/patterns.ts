/** Random patterns in PCRE's syntax: of pieces that all mean something, and of any signs. */
import type { Random } from './values.ts';

const ATOMS = [
  'a',
  'b',
  'c',
  'ab',
  'B',
  '\\n',
  ' ',
  '.',
  '[ab]',
  '[^a]',
  '[a-c]',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\d',
  '[[:alpha:]]',
  '[^\\s\\w]',
  '\\x41',
  '\\x{62}',
  '\\xff',
  '[\\x80-\\xff]',
  '\\h',
  '\\v',
  '\\N',
  '\\Qa.\\E',
  '(?#x)',
  'é',
];
const PLACES = [
  '^',
  '$',
  '\\b',
  '\\B',
  '\\A',
  '\\z',
  '\\Z',
  '(?=b)',
  '(?!b)',
  '(?<=a)',
  '(?<!a)',
  '(?m)',
  '(?-s)',
  '(?i)',
];
const QUANTIFIERS = [
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '{2}',
  '{0,2}',
  '{1,}',
  '{2,3}?',
  '*+',
  '++',
  '?+',
  '{1,2}+',
];
const OPENINGS = ['(', '(', '(?:', '(?:', '(?>', '(?i:', '(?=', '(?!', '(?s-i:', '(?m:'];

/** @param irregular whether there may be looks, atomic groups and references */
export function randomPattern(random: Random, irregular: boolean, depth = 3): string {
  const one = (list: readonly string[]) => list[random(list.length)]!;
  let source = '';
  for (let left = 1 + random(4); left > 0; left--) {
    const kind = random(12);
    if (kind === 0) source += one(PLACES);
    else if (kind === 1 && source !== '') source += '|';
    else if (kind === 2 && irregular && random(3) === 0)
      source += '(a|b)\\1'.slice(random(2) * 5) === '\\1' ? '(b?)\\g{-1}' : '(a|b)\\g{-1}';
    else if (kind < 6 && depth > 0) {
      const opening = irregular ? one(OPENINGS) : one(['(', '(?:', '(?i:', '(?m:']);
      source += `${opening}${randomPattern(random, irregular, depth - 1)})`;
      if (random(2) === 0 && opening !== '(?=' && opening !== '(?!')
        source += one(QUANTIFIERS.slice(0, irregular ? 14 : 10));
    } else {
      source += one(ATOMS);
      if (random(3) === 0 && !source.endsWith('(?#x)')) source += one(QUANTIFIERS);
    }
  }
  return source;
}

const SIGNS = [...'ab01()()[]{}|*+?^$.\\,-:=!<>#PxQEdwsbz\n \xe9'];

/** Signs in any order; few of them are a pattern. */
export const randomSigns = (random: Random): string =>
  Array.from({ length: 1 + random(14) }, () => SIGNS[random(SIGNS.length)]!).join('');
