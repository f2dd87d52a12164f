/** Inside, every text is its bytes, one char each; JSON on the wire is UTF-8. */
import { isUtf8 } from 'node:buffer';

/** The same value, its texts as their UTF-8 bytes. */
export function asBytes(value: unknown): unknown {
  if (typeof value === 'string') return bytesOf(value);
  if (Array.isArray(value)) return value.map(asBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [bytesOf(name), asBytes(one)]));
}

/** Of a value whose texts are bytes: UTF-8, whatever bytes they are. */
export function jsonBytes(value: unknown): Buffer {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`, 'latin1');
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString()); // a file of another encoding: with U+FFFD
}

const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');
