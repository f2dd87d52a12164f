/** A set of bytes: what one position of a pattern takes. Without UTF mode, as nginx compiles, a character is a byte. */

/** 256 flags, by byte. Treated as immutable once made. */
export type ByteSet = Uint8Array;

export const empty = (): ByteSet => new Uint8Array(256);

/** @param ranges pairs of first and last byte, as characters: `azAZ__` */
export function ofRanges(ranges: string): ByteSet {
  const set = empty();
  for (let at = 0; at < ranges.length; at += 2)
    set.fill(1, ranges.charCodeAt(at), ranges.charCodeAt(at + 1) + 1);
  return set;
}

export const complement = (set: ByteSet): ByteSet => set.map(flag => 1 - flag);

export function addAll(set: ByteSet, other: ByteSet): void {
  for (let byte = 0; byte < 256; byte++) set[byte]! |= other[byte]!;
}

/** Both cases of each ASCII letter; bytes above 127 have no case in the C locale. */
export function foldCase(set: ByteSet): ByteSet {
  const folded = set.slice();
  for (let upper = 65; upper <= 90; upper++)
    folded[upper] = folded[upper + 32] = set[upper]! | set[upper + 32]!;
  return folded;
}

const SINGLES: readonly ByteSet[] = Array.from({ length: 256 }, (_, byte) =>
  ofRanges(String.fromCharCode(byte, byte)),
);
const FOLDED_SINGLES: readonly ByteSet[] = SINGLES.map(foldCase);

/** The set of one byte, or of both cases of a letter; always the same object for a byte. */
export const single = (byte: number, ignoreCase = false): ByteSet =>
  (ignoreCase ? FOLDED_SINGLES : SINGLES)[byte]!;

export const equal = (a: ByteSet, b: ByteSet): boolean => a.every((flag, byte) => flag === b[byte]);

const SPACE = '\t\r  ';
export const ALL = ofRanges('\0\xff');
export const DIGIT = ofRanges('09');
export const WORD = ofRanges('azAZ09__');
export const BLANK = ofRanges('\t\t  \xa0\xa0');
export const VERTICAL = ofRanges('\n\r\x85\x85');
export const NEWLINE = ofRanges('\n\n');
export const WHITE = ofRanges(SPACE);

/** POSIX classes of the C locale, by name. */
export const POSIX: Readonly<Record<string, ByteSet>> = {
  alnum: ofRanges('azAZ09'),
  alpha: ofRanges('azAZ'),
  ascii: ofRanges('\x00\x7f'),
  blank: ofRanges('\t\t  '),
  cntrl: ofRanges('\x00\x1f\x7f\x7f'),
  digit: DIGIT,
  graph: ofRanges('!~'),
  lower: ofRanges('az'),
  print: ofRanges(' ~'),
  punct: ofRanges('!/:@[`{~'),
  space: WHITE,
  upper: ofRanges('AZ'),
  word: WORD,
  xdigit: ofRanges('09afAF'),
};
