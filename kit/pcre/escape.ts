/** Backslash sequences that stand for bytes, inside classes and outside. */
import { BLANK, type ByteSet, complement, DIGIT, VERTICAL, WHITE, WORD } from './byte-set.ts';
import type { Reader } from './reader.ts';
import { PatternFault } from './syntax.ts';

const TYPES: Readonly<Record<string, ByteSet>> = {
  d: DIGIT,
  D: complement(DIGIT),
  h: BLANK,
  H: complement(BLANK),
  s: WHITE,
  S: complement(WHITE),
  v: VERTICAL,
  V: complement(VERTICAL),
  w: WORD,
  W: complement(WORD),
};

const CONTROLS: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };

/** The set that `\d`, `\s` and the like name, from the letter on. */
export const typeOf = (reader: Reader): ByteSet | undefined => {
  const set = Object.hasOwn(TYPES, reader.next) ? TYPES[reader.next] : undefined;
  if (set) reader.at++;
  return set;
};

/**
 * Reads what stands for one byte after a backslash.
 *
 * @returns the byte, or undefined when it is something else
 * @throws {PatternFault} for a number above 255
 */
export function byteOf(reader: Reader): number | undefined {
  const letter = reader.next;
  if (Object.hasOwn(CONTROLS, letter)) return CONTROLS[reader.take()];
  if (letter === 'c') return controlOf(reader);
  const hexadecimal = reader.match(/x\{([0-9a-fA-F]+)\}|x(?!\{)([0-9a-fA-F]{0,2})/y);
  if (!hexadecimal && letter === 'x') throw new PatternFault('\\x{ wants hexadecimal digits and a }');
  if (hexadecimal) return checked(Number.parseInt(hexadecimal[1] ?? (hexadecimal[2] || '0'), 16));
  const octal = reader.match(/o\{([0-7]+)\}|(0[0-7]{0,2})/y);
  if (octal) return checked(Number.parseInt(octal[1] ?? octal[2]!, 8));
  // Letters and digits that mean nothing are kept for the future by PCRE; any other sign is itself.
  return /[^a-zA-Z0-9]/.test(letter) ? reader.take().charCodeAt(0) : undefined;
}

/** `\cA` is 1: the letter in upper case, with bit 6 turned. */
function controlOf(reader: Reader): number {
  reader.at++;
  const code = reader.take().toUpperCase().charCodeAt(0);
  if (code < 32 || code > 126) throw new PatternFault('\\c wants a printable ASCII character');
  return code ^ 64;
}

function checked(byte: number): number {
  if (byte > 255) throw new PatternFault('a character above 255 is no byte');
  return byte;
}
