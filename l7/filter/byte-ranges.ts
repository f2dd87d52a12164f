/** Reads the Range field (RFC 9110 §14.1), as leniently as nginx. */

export interface ByteRange {
  readonly start: number;
  /** One past the last byte; above `start`. */
  readonly end: number;
}

/**
 * @param text after `bytes=`
 * @param length of the whole, in bytes
 * @param most how many ranges may be asked for
 * @returns the ranges in the order asked; 'whole' when all is to be sent (too many, or together longer than the
 *   whole); 'unsatisfiable' for 416
 */
export function parseRanges(
  text: string,
  length: number,
  most: number,
): readonly ByteRange[] | 'whole' | 'unsatisfiable' {
  const ranges: ByteRange[] = [];
  let bytes = 0;
  for (const part of text.split(',')) {
    const match = /^ *(?:(\d+) *- *(\d*)|-(\d+)) *$/.exec(part);
    if (!match || match.slice(1).some(isTooLarge)) return 'unsatisfiable';
    const { start, end } = rangeOf(match, length);
    if (start < end) {
      ranges.push({ start, end });
      bytes += end - start;
      if (ranges.length > most) return 'whole';
    } else if (start === 0) return 'whole';
  }
  if (ranges.length === 0) return 'unsatisfiable';
  return bytes > length ? 'whole' : ranges;
}

function rangeOf([, from, to, suffix]: RegExpExecArray, length: number): ByteRange {
  if (suffix !== undefined) return { start: Math.max(0, length - Number(suffix)), end: length };
  const end = to === '' ? length : Math.min(length, Number(to) + 1);
  return { start: Number(from), end };
}

/** The largest offset of a file; above it nginx takes a number for none. */
const MOST_OFFSET = '9223372036854775807';

function isTooLarge(digits: string | undefined): boolean {
  const number = digits?.replace(/^0+/, '') ?? '';
  return number.length > MOST_OFFSET.length || (number.length === MOST_OFFSET.length && number > MOST_OFFSET);
}
