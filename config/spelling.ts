/** What was meant by a word that is nearly right: hints for units, switches and characters that editors put in. */

const SWITCHES: Readonly<Record<string, string>> = {
  yes: 'on',
  true: 'on',
  enable: 'on',
  enabled: 'on',
  '1': 'on',
  no: 'off',
  false: 'off',
  none: 'off',
  disable: 'off',
  disabled: 'off',
  '0': 'off',
};

/** For a word where `on` or `off` belongs. */
export function switchHint(text: string): string {
  const word = text.toLowerCase();
  return Object.hasOwn(SWITCHES, word) ? `write "${SWITCHES[word]}"` : 'write on or off';
}

/** For a word where a size belongs: `10MB` is `10m`. */
export function sizeHint(text: string): string {
  const match = /^(\d+)([kmg])i?b(?:ytes)?$/i.exec(text);
  return match ? `write "${match[1]}${match[2]!.toLowerCase()}"` : 'write bytes, or a number with k, m or g';
}

/** Long names of units, by how they begin; a month is `M`, so it goes before the minute. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/^ms|^milli/i, 'ms'],
  [/^s/i, 's'],
  [/^mon/i, 'M'],
  [/^m/i, 'm'],
  [/^h/i, 'h'],
  [/^d/i, 'd'],
  [/^w/i, 'w'],
  [/^y/i, 'y'],
];

/** For a word where a time belongs: `60sec` is `60s`, `1.5s` is `1500ms`. */
export function timeHint(text: string): string {
  const [, number = '', word = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/i.exec(text) ?? [];
  const unit = UNITS.find(([long]) => long.test(word))?.[1];
  const isWhole = !number.includes('.');
  if (unit === 's' && !isWhole) return `write "${Math.round(Number(number) * 1000)}ms"`;
  return unit && isWhole ? `write "${number}${unit}"` : 'write seconds, or units as in 1h30m or 500ms';
}

/** For a word too many that is the unit of the number before it. */
export function strayUnitHint(before: string | undefined, text: string): string | undefined {
  if (before === undefined || !/^\d+$/.test(before)) return undefined;
  const isUnit =
    /^(?:[kmg]b?|ms|s(?:ec(?:ond)?s?)?|min(?:ute)?s?|h(?:our)?s?|d(?:ay)?s?|w(?:eek)?s?|y(?:ear)?s?)$/i;
  return isUnit.test(text) ? 'no blank goes between a number and its unit' : undefined;
}

/** In the latin1 text of a file that is UTF-8. */
const NO_BREAK_SPACE = '\xc2\xa0';
const TYPOGRAPHIC_QUOTE = /\xe2\x80[\x98-\x9f]/;

/** For a line with a character in it that looks like another. */
export function lookalikeHint(words: readonly string[]): string | undefined {
  if (words.some(word => word.includes(NO_BREAK_SPACE)))
    return 'there is a no-break space (U+00A0) in it: write a plain one';
  if (words.some(word => TYPOGRAPHIC_QUOTE.test(word)))
    return 'there are typographic quotes in it, which quote nothing: write " or \'';
  return undefined;
}
