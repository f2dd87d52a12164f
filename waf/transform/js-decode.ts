/** `t:jsDecode`: the escapes of JavaScript strings (ECMA-262, "String Literals"). */
import { type Cursor, hexByte, isOctal, narrow, replaceAt, type Transform } from './transform.ts';

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
function readOctal(value: string, cursor: Cursor): string {
  const start = cursor.at + 1;
  let digits = countOctal(value, start);
  if (digits === 3 && value[start]! > '3') digits = 2;
  cursor.at = start + digits;
  return String.fromCharCode(Number.parseInt(value.slice(start, start + digits), 8));
}

function decodeEscape(value: string, cursor: Cursor): string {
  const start = cursor.at;
  const kind = value[start + 1];
  cursor.at = Math.min(start + 2, value.length);
  if (kind === undefined) return '\\';
  const unicode = kind === 'u' ? readUnicode(value, start + 2) : -1;
  const byte = kind === 'x' ? hexByte(value, start + 2) : unicode;
  if (byte >= 0) {
    cursor.at = start + (kind === 'u' ? 6 : 4);
    return String.fromCharCode(byte);
  }
  if (isOctal(kind.charCodeAt(0))) {
    cursor.at = start;
    return readOctal(value, cursor);
  }
  return LETTER_ESCAPES[kind] ?? kind;
}

export const jsDecode: Transform = {
  name: 'jsDecode',
  doc: 'Decodes \\uHHHH (low byte; full-width forms to ASCII), \\xHH, \\OOO and \\C.',
  reactsTo: '\\',
  run: value => replaceAt(value, '\\', decodeEscape),
};
