/** `@validateUrlEncoding` and `@validateUtf8Encoding`: values whose encoding is broken. */
import type { Operator } from './operator.ts';

export const validateUrlEncoding: Operator = {
  name: 'validateUrlEncoding',
  doc: 'Matches values with a % that two hexadecimal digits do not follow.',
  compile: () => ({ match: value => /%(?![0-9a-fA-F]{2})/.test(value) }),
};

/** Sticky: one run of ASCII, or one well-formed sequence (RFC 3629, section 4: no overlong form, no surrogate). */
const SEQUENCE =
  /[\0-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}/y;

/** One sequence after the other: a single pattern that repeats over a megabyte would overflow the stack of V8. */
function isWellFormed(value: string): boolean {
  if (!/[\x80-\xff]/.test(value)) return true;
  SEQUENCE.lastIndex = 0;
  while (SEQUENCE.lastIndex < value.length) if (!SEQUENCE.test(value)) return false;
  return true;
}

export const validateUtf8Encoding: Operator = {
  name: 'validateUtf8Encoding',
  doc: 'Matches values that are not well-formed UTF-8.',
  compile: () => ({ match: value => !isWellFormed(value) }),
};
