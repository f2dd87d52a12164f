/** What a transformation is, and the few readers of bytes that several of them share. */
import { hexDigit } from '#kit/ascii.ts';
import { roomFor } from '../scratch.ts';

/**
 * Rewrites a value before an operator looks at it (`t:name` in a rule).
 *
 * `run` takes and gives one-byte strings (each char is a byte, 0..255), never throws, does work linear in the
 * length, and returns its argument itself when there is nothing to change.
 */
export interface Transform {
  /** The name in a rule, as ModSecurity spells it. */
  readonly name: string;
  /** One sentence for the manual. */
  readonly doc: string;
  /**
   * Bytes of which a value must hold one to be changed at all; absent where any value may be. Lets the engine pass over values
   * without a look at them.
   */
  readonly reactsTo?: string;
  /** Whether a `.` at the very start is one of them; elsewhere it is only when `reactsTo` names it. */
  readonly reactsToLeadingDot?: boolean;
  /** Bytes that a result has at the most; absent where it is never longer than the value. */
  readonly most?: (value: string) => number;
  /** Whether it changes nothing but the case of ASCII letters. */
  readonly changesCaseOnly?: boolean;
  run(value: string): string;
}

/** Where a decoder stands in the value; it moves `at` past what it has read. */
export interface Cursor {
  at: number;
}

/** The byte that two hexadecimal digits at `at` spell, or -1 (also when the value ends before). */
export function hexByte(value: string, at: number): number {
  if (at + 2 > value.length) return -1;
  const high = hexDigit(value.charCodeAt(at));
  const low = hexDigit(value.charCodeAt(at + 1));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

export const isOctal = (code: number): boolean => code >= 48 && code <= 55;

/** White space as C's `isspace` has it: tab, line feed, vertical tab, form feed, carriage return, space. */
export const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);

/** What the full-width forms U+FF01..U+FF5E stand for in ASCII, given the low byte; other bytes as they are. */
export const narrow = (lowByte: number): number => (lowByte > 0 && lowByte < 0x5f ? lowByte + 0x20 : lowByte);

/**
 * Copies `value`, but for what stands at each `lead`: there `decode` gives the replacement and moves the cursor
 * past what it replaced (at least by one). O(length), and free of copies when no lead is there.
 */
export function replaceAt(
  value: string,
  lead: string,
  decode: (value: string, cursor: Cursor) => string,
): string {
  const cursor: Cursor = { at: value.indexOf(lead) };
  if (cursor.at < 0) return value;
  let out = '';
  let copied = 0;
  for (let next = cursor.at; next >= 0; next = value.indexOf(lead, cursor.at)) {
    cursor.at = next;
    const replacement = decode(value, cursor);
    // A lead that stays is copied with what follows: thousands of them are no thousands of pieces.
    if (cursor.at === next + 1 && replacement === lead) continue;
    out += value.slice(copied, next) + replacement;
    copied = cursor.at;
  }
  return copied === 0 ? value : out + value.slice(copied);
}

const BACKSLASH = 92;

/**
 * Copies `value`, but for what follows each backslash: there `read` gives the byte in its place (-1 for none) and moves the
 * cursor, which stands behind the backslash, past what it replaces. O(length).
 */
export function unescaped(value: string, read: (value: string, cursor: Cursor) => number): string {
  if (!value.includes('\\')) return value;
  const room = roomFor(value.length);
  const cursor: Cursor = { at: 0 };
  let length = 0;
  while (cursor.at < value.length) {
    const code = value.charCodeAt(cursor.at++);
    const byte = code === BACKSLASH ? read(value, cursor) : code;
    if (byte >= 0) room[length++] = byte;
  }
  return room.latin1Slice(0, length);
}
