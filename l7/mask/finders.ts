/** What must not leave a site: where card numbers, private keys and stack traces stand in a text. */
import type { MaskKind } from '#model/l7/waf.ts';

/** From a place up to another one, in characters. */
export type Span = readonly [from: number, to: number];

export interface Finder {
  readonly name: string;
  /** In order, none within another one. */
  find(text: string): Span[];
  /** What of a match is covered; all signs and digits but blanks unless told. */
  cover(match: string): string;
}

const coverAll = (match: string): string => match.replace(/[^\s<>&;]/g, '*');

/** Digits in groups; not a part of a longer number, and not behind a decimal point. */
const NUMBER = /(?<![\d.])[2-6](?:[ -]?\d){11,17}[ -]?\d(?![\d])/g;

const cards: Finder = {
  name: 'card number',
  find: text =>
    spansOf(NUMBER, text).filter(([from, to]) => isCard(text.slice(from, to).replace(/[ -]/g, ''))),
  // The last four are what receipts show.
  cover: match => {
    let left = match.replace(/\D/g, '').length - 4;
    return match.replace(/\d/g, digit => (left-- > 0 ? '*' : digit));
  },
};

/** Beginnings of numbers, and how long such numbers are: of those that issuers use (ISO/IEC 7812). */
const ISSUERS =
  /^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11}|35\d{14}|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17})$/;

/** Luhn's check digit (ISO/IEC 7812-1, annex B). */
export function isCard(digits: string): boolean {
  if (!ISSUERS.test(digits) || /^(\d)\1*$/.test(digits)) return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48;
    sum += at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

/** One frame each, as languages print it, plain or within HTML and JSON. */
const FRAMES = [
  // Java, Kotlin, Scala, JavaScript
  /\bat [\w$.<>/@ ]{3,200}\((?:[\w$./\\: @-]{0,300}\.[A-Za-z]{1,6}:\d{1,6}(?::\d{1,6})?|node:[\w/]{1,200}:\d{1,6}:\d{1,6}|Native Method|Unknown Source)\)/g,
  /\bat (?:file:\/\/|node:)?\/?[\w$./@-]{1,300}\.[cm]?[jt]s:\d{1,6}:\d{1,6}/g,
  // .NET
  /\bat [\w.`<>,[\]]{3,200}\([^()\n]{0,300}\) in [^\n<]{1,300}:line \d{1,6}/g,
  // Python
  /File \\?(?:"|&quot;)[^"\n<\\]{1,300}\\?(?:"|&quot;), line \d{1,6}(?:, in [\w<>]{1,100})?/g,
  // PHP
  /#\d{1,3} [^\s()]{1,300}\(\d{1,6}\): [\w\\:>{}()-]{1,200}/g,
  /\bin \/[\w./-]{1,300}\.php(?::| on line )\d{1,6}/g,
];

/** Those of Ruby and Go begin with a path, which may begin anywhere: so they are found by what follows it. */
const BEHIND_PATHS = /\.go:\d{1,6} \+0x[0-9a-f]{1,16}|\.rb:\d{1,6}:in [`'][^'\n]{1,100}'/g;
const MOST_PATH = 300;

const pathFrames = (text: string): Span[] =>
  spansOf(BEHIND_PATHS, text).map(([from, to]) => {
    let start = from;
    while (start > 0 && from - start < MOST_PATH && /[\w./@-]/.test(text[start - 1]!)) start--;
    return [start, to];
  });

const traces: Finder = {
  name: 'stack trace',
  find: text => apart([...FRAMES.flatMap(frame => spansOf(frame, text)), ...pathFrames(text)]),
  cover: coverAll,
};

export const FINDERS: Readonly<Record<Exclude<MaskKind, 'keys'>, Finder>> = { cards, traces };

/** A pattern that finds its leftmost match. */
export interface Findable {
  place(value: string): Span | undefined;
}

export const patternFinder = (pattern: Findable): Finder => ({
  name: 'pattern',
  find(text) {
    const spans: Span[] = [];
    for (let at = 0; at < text.length; ) {
      const found = pattern.place(text.slice(at));
      if (!found) break;
      const [from, to] = found;
      if (to > from) spans.push([at + from, at + to]);
      at += Math.max(to, from + 1);
    }
    return spans;
  },
  cover: coverAll,
});

function spansOf(pattern: RegExp, text: string): Span[] {
  return Array.from(text.matchAll(pattern), match => [match.index, match.index + match[0].length] as const);
}

/** In order, what overlaps as one. */
export function apart(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && span[0] < last[1]) joined[joined.length - 1] = [last[0], Math.max(last[1], span[1])];
    else joined.push(span);
  }
  return joined;
}
