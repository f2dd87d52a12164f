/** `t:base64Encode`, `t:base64Decode`, `t:base64DecodeExt` (RFC 4648, section 4). */
import { roomFor } from '../scratch.ts';
import type { Transform } from './transform.ts';

export const base64Encode: Transform = {
  name: 'base64Encode',
  doc: 'Encodes the value in Base64, with padding.',
  most: value => 4 * Math.ceil(value.length / 3),
  run: value => Buffer.from(value, 'latin1').toString('base64'),
};

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const OUTSIDE = 64;
/** By byte: the six bits that it stands for, 64 outside the alphabet. Shape [256]. */
const BITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const bits = LETTERS.indexOf(String.fromCharCode(byte));
  return bits < 0 ? OUTSIDE : bits;
});

/** Where the first byte outside the alphabet stands. */
function endOfLetters(value: string): number {
  let end = 0;
  while (end < value.length && BITS[value.charCodeAt(end) & 255]! < OUTSIDE) end++;
  return end;
}

/** @param end of letters, from the start of the value; bits that make no whole byte are dropped */
function decode(value: string, end: number): string {
  const room = roomFor(end);
  let length = 0;
  let bits = 0;
  let count = 0;
  for (let at = 0; at < end; at++) {
    bits = ((bits << 6) | BITS[value.charCodeAt(at) & 255]!) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    room[length++] = (bits >>> count) & 255;
  }
  return room.latin1Slice(0, length);
}

/** Stops at the first byte outside the alphabet, so that a prefix that decodes is still looked at. */
export const base64Decode: Transform = {
  name: 'base64Decode',
  doc: 'Decodes Base64 up to the first byte that is none; padding may be missing.',
  // Few words are long enough to hold anything that a rule looks for, once they are taken for Base64.
  most: value => Math.ceil((endOfLetters(value) * 3) / 4),
  run: value => decode(value, endOfLetters(value)),
};

export const base64DecodeExt: Transform = {
  name: 'base64DecodeExt',
  doc: 'Decodes Base64 and passes over every byte that is none.',
  run(value) {
    const letters = value.replace(/[^A-Za-z0-9+/]+/g, '');
    return decode(letters, letters.length);
  },
};
