/** `t:jsDecode`: the escapes of JavaScript strings (ECMA-262, "String Literals"). */
import { type Cursor, hexByte, isOctal, narrow, type Transform, unescaped } from './transform.ts';

/** The control characters that a letter after the backslash stands for, in C and in JavaScript. */
export const LETTER_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** How many octal digits (at most 3) stand at `at`. */
export function countOctal(value: string, at: number): number {
  let count = 0;
  while (count < 3 && isOctal(value.charCodeAt(at + count))) count++;
  return count;
}

/** `\uHHHH`: only the low byte counts, since that is what a one-byte page would make of it. */
function readUnicode(value: string, at: number): number {
  const high = hexByte(value, at);
  const low = hexByte(value, at + 2);
  if (high < 0 || low < 0) return -1;
  return high === 0xff ? narrow(low) : low;
}

/** Octal stays within one byte: a third digit counts only after 0..3. */
function readOctal(value: string, start: number, cursor: Cursor): number {
  let digits = countOctal(value, start);
  if (digits === 3 && value.charCodeAt(start) > DIGIT_3) digits = 2;
  cursor.at = start + digits;
  let byte = 0;
  for (let at = start; at < start + digits; at++) byte = byte * 8 + value.charCodeAt(at) - DIGIT_0;
  return byte;
}

const [BACKSLASH, DIGIT_0, DIGIT_3, LETTER_U, LETTER_X] = [92, 48, 51, 117, 120];
/** By byte: what it stands for behind a backslash. Shape [256]. */
const ESCAPES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const letter = LETTER_ESCAPES[String.fromCharCode(byte)];
  return letter === undefined ? byte : letter.charCodeAt(0);
});

/** The byte that the escape at the cursor, behind its backslash, stands for; the cursor moves past it. */
function readEscape(value: string, cursor: Cursor): number {
  const start = cursor.at;
  if (start >= value.length) return BACKSLASH;
  const kind = value.charCodeAt(start);
  if (kind === LETTER_U || kind === LETTER_X) {
    const byte = kind === LETTER_U ? readUnicode(value, start + 1) : hexByte(value, start + 1);
    cursor.at = byte < 0 ? start + 1 : start + (kind === LETTER_U ? 5 : 3);
    return byte < 0 ? kind : byte;
  }
  if (isOctal(kind)) return readOctal(value, start, cursor);
  cursor.at = start + 1;
  return ESCAPES[kind & 255]!;
}

export const jsDecode: Transform = {
  name: 'jsDecode',
  doc: 'Decodes \\uHHHH (low byte; full-width forms to ASCII), \\xHH, \\OOO and \\C.',
  reactsTo: '\\',
  run: value => unescaped(value, readEscape),
};
