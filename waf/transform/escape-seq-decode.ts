/** `t:escapeSeqDecode`: the escapes of C strings (ISO C, "Character constants"). */
import { countOctal, LETTER_ESCAPES } from './js-decode.ts';
import { type Cursor, hexByte, replaceAt, type Transform } from './transform.ts';

function decodeEscape(value: string, cursor: Cursor): string {
  const start = cursor.at;
  const kind = value[start + 1];
  cursor.at = Math.min(start + 2, value.length);
  if (kind === undefined) return '\\';
  const octal = countOctal(value, start + 1);
  if (octal > 0) {
    cursor.at = start + 1 + octal;
    return String.fromCharCode(Number.parseInt(value.slice(start + 1, cursor.at), 8) & 0xff);
  }
  const byte = kind === 'x' || kind === 'X' ? hexByte(value, start + 2) : -1;
  if (byte < 0) return LETTER_ESCAPES[kind] ?? kind;
  cursor.at = start + 4;
  return String.fromCharCode(byte);
}

export const escapeSeqDecode: Transform = {
  name: 'escapeSeqDecode',
  doc: 'Decodes \\a \\b \\f \\n \\r \\t \\v \\\\ \\? \\\' \\", \\xHH and \\OOO; another backslash is dropped.',
  reactsTo: '\\',
  run: value => replaceAt(value, '\\', decodeEscape),
};
