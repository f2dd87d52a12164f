/** `t:urlDecode`, `t:urlDecodeUni` and `t:urlEncode` (application/x-www-form-urlencoded). */
import { roomFor } from '../scratch.ts';
import { hexByte, narrow, type Transform } from './transform.ts';

const [PERCENT, PLUS, SPACE, SMALL_U] = [37, 43, 32, 117];

/** @param unicode gives the byte of the `uHHHH` at a place, or -1 where that is none; absent: nobody knows it */
function decode(value: string, unicode?: (value: string, at: number) => number): string {
  const room = roomFor(value.length);
  let length = 0;
  for (let at = 0; at < value.length; at++) {
    let byte = value.charCodeAt(at);
    if (byte === PLUS) byte = SPACE;
    else if (byte === PERCENT) {
      const isUnicode = unicode !== undefined && (value.charCodeAt(at + 1) | 32) === SMALL_U;
      const decoded = isUnicode ? unicode(value, at + 1) : hexByte(value, at + 1);
      if (decoded >= 0) {
        byte = decoded;
        at += isUnicode ? 5 : 2;
      }
    }
    room[length++] = byte;
  }
  return room.latin1Slice(0, length);
}

const hasLead = (value: string): boolean => value.includes('%') || value.includes('+');

export const urlDecode: Transform = {
  name: 'urlDecode',
  doc: 'Decodes %HH and + ; what is no valid encoding stays.',
  reactsTo: '%+',
  run: value => (hasLead(value) ? decode(value) : value),
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
  const unicode = (value: string, at: number): number => {
    const high = hexByte(value, at + 1);
    const low = hexByte(value, at + 3);
    return high < 0 || low < 0 ? -1 : byteOfUnicode(high, low, page);
  };
  return {
    name: 'urlDecodeUni',
    doc: 'Decodes %HH, + and %uHHHH (by the code page of SecUnicodeMapFile; else low byte, full-width forms to ASCII).',
    reactsTo: '%+',
    run: value => (hasLead(value) ? decode(value, unicode) : value),
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
