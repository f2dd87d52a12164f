/** Values that cannot change an SQL statement: words and numbers, none of which SQL knows. */
import { SQL_WORDS } from './sql-words.ts';

/** What words and phrases of SQL begin with, in lower case: up to a space or a dot. */
const BEGINNINGS: ReadonlySet<string> = new Set(
  [...SQL_WORDS.keys()].map(word => word.toLowerCase().split(/[ .]/)[0]!),
);

const [OTHER, SPACE, DOT, DIGIT, LETTER] = [0, 1, 2, 3, 4] as const;
/** Shape [256]. */
const KIND = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if (/[A-Za-z_]/.test(char)) return LETTER;
  if (/[0-9]/.test(char)) return DIGIT;
  return char === ' ' ? SPACE : char === '.' ? DOT : OTHER;
});

/** By the two first bytes, less their cases: the lengths of beginnings, a bit each. Most words are ruled out by it. */
const LENGTHS = new Int32Array(32 * 32);
const placeOf = (word: string, at: number): number =>
  (word.charCodeAt(at) & 31) * 32 + (word.charCodeAt(at + 1) & 31);
for (const word of BEGINNINGS) LENGTHS[placeOf(`${word} `, 0)]! |= 1 << (word.length & 31);

/**
 * Such a value is read as names and numbers alone, and no fingerprint of an attack consists of those. Most values of most
 * requests are such, and this costs a tenth of reading them as SQL. O(length).
 */
export function isPlainText(value: string): boolean {
  for (let at = 0; at < value.length; ) {
    const kind = KIND[value.charCodeAt(at) & 255];
    if (kind === SPACE) at++;
    else {
      at = kind === DIGIT ? numberEnd(value, at) : kind === LETTER ? nameEnd(value, at) : -1;
      if (at < 0) return false;
    }
  }
  return true;
}

/** Where digits end that a space, or nothing, follows; else -1. */
function numberEnd(value: string, start: number): number {
  let at = start + 1;
  while (at < value.length) {
    const kind = KIND[value.charCodeAt(at) & 255];
    if (kind === SPACE) return at;
    if (kind !== DIGIT) return -1;
    at++;
  }
  return at;
}

/** Where names with dots between them end that SQL does not know, and that a space, or nothing, follows; else -1. */
function nameEnd(value: string, start: number): number {
  let head = -1;
  let before: number = OTHER;
  let at = start;
  for (; at < value.length; at++) {
    const kind = KIND[value.charCodeAt(at) & 255]!;
    if (kind === SPACE) break;
    if (kind === OTHER || (before === DOT && kind !== LETTER)) return -1;
    if (kind === DOT && head < 0) head = at;
    before = kind;
  }
  return before === DOT || isKnown(value, start, head < 0 ? at : head) ? -1 : at;
}

function isKnown(value: string, start: number, end: number): boolean {
  const place = end - start > 1 ? placeOf(value, start) : (value.charCodeAt(start) & 31) * 32;
  if (((LENGTHS[place]! >>> ((end - start) & 31)) & 1) === 0) return false;
  return BEGINNINGS.has(value.slice(start, end).toLowerCase());
}
