/** `t:cssDecode`: the escapes of CSS 2 (section 4.1.3, "Characters and case"). */
import { hexDigit } from '#kit/ascii.ts';
import { type Cursor, isSpace, narrow, type Transform, unescaped } from './transform.ts';

/**
 * The byte that 1 to 6 hexadecimal digits stand for: their low byte, and for U+FF01..U+FF5E (with four digits, or
 * more that begin with zeros) the ASCII character of the same shape.
 */
function byteOf(digits: string): number {
  const code = Number.parseInt(digits, 16);
  return digits.length >= 4 && code >> 8 === 0xff ? narrow(code & 0xff) : code & 0xff;
}

const LINE_FEED = 10;

/** The byte that the escape at the cursor, behind its backslash, stands for, -1 for none; the cursor moves past it. */
function readEscape(value: string, cursor: Cursor): number {
  const start = cursor.at;
  let end = start;
  while (end < start + 6 && end < value.length && hexDigit(value.charCodeAt(end)) >= 0) end++;
  if (end > start) {
    cursor.at = end < value.length && isSpace(value.charCodeAt(end)) ? end + 1 : end;
    return byteOf(value.slice(start, end));
  }
  if (start >= value.length) return -1;
  cursor.at = start + 1;
  const kept = value.charCodeAt(start);
  return kept === LINE_FEED ? -1 : kept;
}

export const cssDecode: Transform = {
  name: 'cssDecode',
  doc: 'Decodes \\HHHHHH (low byte; full-width forms to ASCII), drops an escaped line feed and other backslashes.',
  reactsTo: '\\',
  run: value => unescaped(value, readEscape),
};
