/** How much two fuzzy hashes are alike, as `ssdeep` counts it. */
import { type FuzzyHash, MOST_LETTERS, SMALLEST_BLOCK, WINDOW_BYTES } from './hash.ts';

const SIGNATURE = /^(\d{1,10}):([A-Za-z0-9+/]*):([A-Za-z0-9+/]*)(?:,.*)?$/;

/** A hash as text (`96:abc:def`, with a name after a comma). @returns undefined for what is none */
export function readFuzzyHash(text: string): FuzzyHash | undefined {
  const found = SIGNATURE.exec(text);
  if (!found) return undefined;
  const [, size = '', letters = '', doubled = ''] = found;
  const times = Number(size) / SMALLEST_BLOCK;
  const isSize = times >= 1 && Number.isInteger(Math.log2(times));
  if (!isSize || letters.length > MOST_LETTERS || doubled.length > MOST_LETTERS) return undefined;
  return { blockSize: Number(size), letters, doubled };
}

/** @returns 0 (nothing in common, or not to be compared) to 100 */
export function likeness(one: FuzzyHash, other: FuzzyHash): number {
  if (other.blockSize < one.blockSize) return likeness(other, one);
  if (one.blockSize === other.blockSize) {
    const [letters, doubled] = [shortened(one.letters), shortened(one.doubled)];
    const [itsLetters, itsDoubled] = [shortened(other.letters), shortened(other.doubled)];
    if (letters === itsLetters && doubled === itsDoubled) return 100;
    return Math.max(score(letters, itsLetters, one.blockSize), score(doubled, itsDoubled, one.blockSize * 2));
  }
  if (one.blockSize * 2 !== other.blockSize) return 0;
  return score(shortened(one.doubled), shortened(other.letters), other.blockSize);
}

/** A run of one letter tells little: what repeats itself gives it. */
const shortened = (letters: string): string => letters.replace(/(.)\1{3,}/g, '$1$1$1');

/** Above it a few letters in common are no chance. */
const SURE_BLOCK = SMALLEST_BLOCK * Math.ceil(100 / WINDOW_BYTES);

function score(one: string, other: string, blockSize: number): number {
  if (!haveRunInCommon(one, other)) return 0;
  const both = one.length + other.length;
  const changes = both - 2 * commonLetters(one, other);
  const changed = Math.floor((changes * MOST_LETTERS) / both);
  const alike = 100 - Math.floor((100 * changed) / MOST_LETTERS);
  if (blockSize >= SURE_BLOCK) return alike;
  return Math.min(alike, (blockSize / SMALLEST_BLOCK) * Math.min(one.length, other.length));
}

function haveRunInCommon(one: string, other: string): boolean {
  for (let at = 0; at + WINDOW_BYTES <= one.length; at++)
    if (other.includes(one.slice(at, at + WINDOW_BYTES))) return true;
  return false;
}

/** The length of the longest sequence of letters that both have in this order; at most 64 times 64 steps. */
function commonLetters(one: string, other: string): number {
  const row = new Uint8Array(other.length + 1);
  for (const letter of one) {
    let diagonal = 0;
    for (let at = 1; at <= other.length; at++) {
      const above = row[at]!;
      row[at] = letter === other[at - 1] ? diagonal + 1 : Math.max(above, row[at - 1]!);
      diagonal = above;
    }
  }
  return row[other.length]!;
}
