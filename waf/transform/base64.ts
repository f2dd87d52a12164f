/** `t:base64Encode`, `t:base64Decode`, `t:base64DecodeExt` (RFC 4648, section 4). */
import type { Transform } from './transform.ts';

export const base64Encode: Transform = {
  name: 'base64Encode',
  doc: 'Encodes the value in Base64, with padding.',
  most: value => 4 * Math.ceil(value.length / 3),
  run: value => Buffer.from(value, 'latin1').toString('base64'),
};

/** Node's decoder takes the URL alphabet too; what is outside the plain one is cut off or out before it sees it. */
const decode = (text: string): string => Buffer.from(text, 'base64').toString('latin1');

const ALPHABET = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9+/]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** Few words are long enough to hold anything that a rule looks for, once they are taken for Base64. */
function decodedMost(value: string): number {
  let end = 0;
  while (end < value.length && ALPHABET[value.charCodeAt(end) & 255] === 1) end++;
  return Math.ceil((end * 3) / 4);
}

/** Stops at the first byte outside the alphabet, so that a prefix that decodes is still looked at. */
export const base64Decode: Transform = {
  name: 'base64Decode',
  doc: 'Decodes Base64 up to the first byte that is none; padding may be missing.',
  most: decodedMost,
  run: value => decode(/^[A-Za-z0-9+/]*/.exec(value)![0]),
};

export const base64DecodeExt: Transform = {
  name: 'base64DecodeExt',
  doc: 'Decodes Base64 and passes over every byte that is none.',
  run: value => decode(value.replace(/[^A-Za-z0-9+/]+/g, '')),
};
