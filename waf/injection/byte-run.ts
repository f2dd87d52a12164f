/** Runs of bytes of a kind. */

/** Shape [256]: 1 for the bytes that a pattern of one byte matches. */
export const bytesOf = (pattern: RegExp): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (pattern.test(String.fromCharCode(byte)) ? 1 : 0));

/** Where bytes of a kind end that begin at `at`. */
export function endOfRun(bytes: Uint8Array, value: string, at: number): number {
  let end = at;
  while (end < value.length && bytes[value.charCodeAt(end) & 255] === 1) end++;
  return end;
}
