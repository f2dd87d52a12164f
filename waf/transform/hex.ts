/** `t:hexEncode`, `t:hexDecode`, `t:sqlHexDecode`: bytes as pairs of hexadecimal digits. */
import { hexByte, replaceAt, type Transform } from './transform.ts';

/** Reads pairs of digits from `at` until one is not a pair. */
function readPairs(value: string, at: number): string {
  let end = at;
  while (hexByte(value, end) >= 0) end += 2;
  return Buffer.from(value.slice(at, end), 'hex').toString('latin1');
}

export const hexEncode: Transform = {
  name: 'hexEncode',
  doc: 'Writes each byte as two lower-case hexadecimal digits.',
  most: value => 2 * value.length,
  run: value => Buffer.from(value, 'latin1').toString('hex'),
};

export const hexDecode: Transform = {
  name: 'hexDecode',
  doc: 'Reads pairs of hexadecimal digits, up to the first thing that is none.',
  run: value => readPairs(value, 0),
};

/** Notation: `0x` and pairs of digits, which SQL takes for a string. */
export const sqlHexDecode: Transform = {
  name: 'sqlHexDecode',
  doc: 'Decodes the hexadecimal strings of SQL, 0x414243.',
  reactsTo: '0',
  run: value =>
    replaceAt(value, '0', (text, cursor) => {
      const start = cursor.at;
      const isLead = (text.charCodeAt(start + 1) | 32) === 0x78;
      const decoded = isLead ? readPairs(text, start + 2) : '';
      cursor.at = decoded === '' ? start + 1 : start + 2 + decoded.length * 2;
      return decoded === '' ? '0' : decoded;
    }),
};
