/** `t:htmlEntityDecode`: numeric character references, and the named ones that markup needs. */
import { hexDigit } from '#kit/ascii.ts';
import { roomFor } from '../scratch.ts';
import type { Cursor, Transform } from './transform.ts';

const NAMED: Readonly<Record<string, number>> = { quot: 34, amp: 38, lt: 60, gt: 62, nbsp: 0xa0 };
const LONGEST_NAME = 4;
const [AMPERSAND, HASH, SEMICOLON, SMALL_X] = [38, 35, 59, 120];

/** What is no digit of the base gives -1. */
const digitAt = (value: string, at: number, base: number): number => {
  const digit = hexDigit(value.charCodeAt(at));
  return digit < base ? digit : -1;
};

/** So many digits hold no more than C's `long`, whatever they are. */
const SAFE_DIGITS: Readonly<Record<number, number>> = { 10: 18, 16: 15 };
const LONG_MOST = 0x7fffffffffffffffn;

/** A number beyond what C's `long` holds is all ones there; its low byte is what counts. */
function lowByteOfLong(digits: string, base: number): number {
  // BigInt of a megabyte of digits is quadratic; 20 digits are over the limit anyway.
  const number = BigInt((base === 16 ? '0x' : '') + digits.slice(0, 20));
  return number > LONG_MOST ? 0xff : Number(number & 0xffn);
}

/** The low byte of the number that begins at the cursor, which moves past it; -1 when there is none. */
function readNumber(value: string, cursor: Cursor, base: number): number {
  const start = cursor.at;
  let end = start;
  while (value.charCodeAt(end) === 48) end++;
  const first = end;
  let byte = 0;
  for (let digit = digitAt(value, end, base); digit >= 0; digit = digitAt(value, ++end, base))
    byte = (byte * base + digit) & 255;
  if (end === start) return -1;
  cursor.at = end;
  return end - first <= SAFE_DIGITS[base]! ? byte : lowByteOfLong(value.slice(first, end), base);
}

const isNameSign = (code: number): boolean =>
  (code >= 48 && code <= 57) || ((code | 32) >= 97 && (code | 32) <= 122);

/** What the name at the cursor stands for; -1 when nobody knows it. */
function readName(value: string, cursor: Cursor): number {
  const start = cursor.at;
  let end = start;
  while (end - start <= LONGEST_NAME && isNameSign(value.charCodeAt(end))) end++;
  if (end === start || end - start > LONGEST_NAME) return -1;
  cursor.at = end;
  return NAMED[value.slice(start, end).toLowerCase()] ?? -1;
}

/** `&#DD;`, `&#xHH;` and `&name;`: the semicolon may be missing, as browsers let it. The cursor stands behind the `&`. */
function readReference(value: string, cursor: Cursor): number {
  let byte = -1;
  if (value.charCodeAt(cursor.at) !== HASH) byte = readName(value, cursor);
  else {
    const isHex = (value.charCodeAt(++cursor.at) | 32) === SMALL_X;
    if (isHex) cursor.at++;
    byte = readNumber(value, cursor, isHex ? 16 : 10);
  }
  if (byte >= 0 && value.charCodeAt(cursor.at) === SEMICOLON) cursor.at++;
  return byte;
}

function decode(value: string): string {
  const room = roomFor(value.length);
  const cursor: Cursor = { at: 0 };
  let length = 0;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    room[length] = code;
    if (code === AMPERSAND) {
      cursor.at = at + 1;
      const byte = readReference(value, cursor);
      if (byte >= 0) {
        room[length] = byte;
        at = cursor.at - 1;
      }
    }
    length++;
  }
  return length === value.length ? value : room.latin1Slice(0, length);
}

export const htmlEntityDecode: Transform = {
  name: 'htmlEntityDecode',
  doc: 'Decodes &#DD; &#xHH; (low byte), &quot; &amp; &lt; &gt; &nbsp;, with or without the semicolon.',
  reactsTo: '&',
  run: value => (value.includes('&') ? decode(value) : value),
};
