/** MurmurHash2, 32 bits, as nginx uses it. */

const MIX = 0x5bd1e995;

/**
 * @param text one byte a char
 * @returns 0..2^32-1, the same as nginx's for the same bytes
 * @see Austin Appleby, MurmurHash2 (public domain), with seed 0
 */
export function murmurHash2(text: string): number {
  const { length } = text;
  let hash = length | 0;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word =
      text.charCodeAt(at) |
      (text.charCodeAt(at + 1) << 8) |
      (text.charCodeAt(at + 2) << 16) |
      (text.charCodeAt(at + 3) << 24);
    word = Math.imul(word, MIX);
    word = Math.imul(word ^ (word >>> 24), MIX);
    hash = Math.imul(hash, MIX) ^ word;
  }
  const left = length - at;
  if (left > 2) hash ^= text.charCodeAt(at + 2) << 16;
  if (left > 1) hash ^= text.charCodeAt(at + 1) << 8;
  if (left > 0) hash = Math.imul(hash ^ text.charCodeAt(at), MIX);
  hash = Math.imul(hash ^ (hash >>> 13), MIX);
  return (hash ^ (hash >>> 15)) >>> 0;
}
