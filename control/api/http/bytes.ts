/** Inside, every text is its bytes, one char each; JSON on the wire is UTF-8. */

/** The same value, its texts as their UTF-8 bytes. */
export function asBytes(value: unknown): unknown {
  if (typeof value === 'string') return bytesOf(value);
  if (Array.isArray(value)) return value.map(asBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [bytesOf(name), asBytes(one)]));
}

const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');
