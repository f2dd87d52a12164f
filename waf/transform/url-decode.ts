/** `t:urlDecode`, `t:urlDecodeUni` and `t:urlEncode` (application/x-www-form-urlencoded). */
import { type Cursor, hexByte, narrow, replaceAt, type Transform } from './transform.ts';

const plusToSpace = (value: string): string => (value.includes('+') ? value.replaceAll('+', ' ') : value);

function decodePercent(value: string, cursor: Cursor): string {
  const byte = hexByte(value, cursor.at + 1);
  cursor.at += byte < 0 ? 1 : 3;
  return byte < 0 ? '%' : String.fromCharCode(byte);
}

export const urlDecode: Transform = {
  name: 'urlDecode',
  doc: 'Decodes %HH and + ; what is no valid encoding stays.',
  reactsTo: '%+',
  run: value => replaceAt(plusToSpace(value), '%', decodePercent),
};

/**
 * The bytes that a code page makes of Unicode's first plane.
 * Shape [65536]: a byte 0..255, or -1 where the page has none.
 */
export type CodePage = Int16Array;

/** Without a code page the low byte is taken, and the ASCII shape of a full-width form. */
function byteOfUnicode(high: number, low: number, page: CodePage | undefined): number {
  const mapped = page === undefined ? -1 : page[high * 256 + low]!;
  if (mapped >= 0) return mapped;
  return high === 0xff ? narrow(low) : low;
}

/**
 * `t:urlDecodeUni` for a code page (`SecUnicodeMapFile`): as `urlDecode`, and `%uHHHH`, the spelling of IIS.
 *
 * @param page what `%uHHHH` becomes; without it the low byte
 */
export function urlDecodeUniWith(page?: CodePage): Transform {
  const decode = (value: string, cursor: Cursor): string => {
    const kind = value.charCodeAt(cursor.at + 1);
    if (kind !== 0x75 && kind !== 0x55) return decodePercent(value, cursor);
    const high = hexByte(value, cursor.at + 2);
    const low = hexByte(value, cursor.at + 4);
    if (high < 0 || low < 0) {
      cursor.at += 2;
      return value.slice(cursor.at - 2, cursor.at);
    }
    cursor.at += 6;
    return String.fromCharCode(byteOfUnicode(high, low, page));
  };
  return {
    name: 'urlDecodeUni',
    doc: 'Decodes %HH, + and %uHHHH (by the code page of SecUnicodeMapFile; else low byte, full-width forms to ASCII).',
    reactsTo: '%+',
    run: value => replaceAt(plusToSpace(value), '%', decode),
  };
}

export const urlDecodeUni: Transform = urlDecodeUniWith();

export const urlEncode: Transform = {
  name: 'urlEncode',
  doc: 'Writes a space as + and every byte but letters, digits and * as %hh.',
  most: value => 3 * value.length,
  run: value =>
    value.replace(/[^0-9A-Za-z*]/g, char =>
      char === ' ' ? '+' : `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    ),
};
