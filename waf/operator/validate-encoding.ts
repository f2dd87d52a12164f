/** `@validateUrlEncoding` and `@validateUtf8Encoding`: values whose encoding is broken. */
import type { Operator } from './operator.ts';

export const validateUrlEncoding: Operator = {
  name: 'validateUrlEncoding',
  doc: 'Matches values with a % that two hexadecimal digits do not follow.',
  compile: () => ({ match: value => /%(?![0-9a-fA-F]{2})/.test(value) }),
};

/** Well-formed sequences of RFC 3629, section 4: no overlong form, no surrogate, nothing above U+10FFFF. */
const WELL_FORMED = new RegExp(
  [
    '^(?:[\\x00-\\x7f]+',
    '[\\xc2-\\xdf][\\x80-\\xbf]',
    '\\xe0[\\xa0-\\xbf][\\x80-\\xbf]',
    '[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}',
    '\\xed[\\x80-\\x9f][\\x80-\\xbf]',
    '\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}',
    '[\\xf1-\\xf3][\\x80-\\xbf]{3}',
    '\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2})',
  ].join('|'),
);

/** Runs of this many bytes at once: a pattern that repeats over a megabyte would overflow the stack of V8. */
function isWellFormed(value: string): boolean {
  if (!/[\x80-\xff]/.test(value)) return true;
  const sequence = new RegExp(WELL_FORMED.source.slice(1), 'y');
  while (sequence.lastIndex < value.length) if (!sequence.test(value)) return false;
  return true;
}

export const validateUtf8Encoding: Operator = {
  name: 'validateUtf8Encoding',
  doc: 'Matches values that are not well-formed UTF-8.',
  compile: () => ({ match: value => !isWellFormed(value) }),
};
