/** Character classes: `[a-z\d[:punct:]]`. */
import { addAll, type ByteSet, complement, empty, foldCase, POSIX } from './byte-set.ts';
import { byteOf, typeOf } from './escape.ts';
import type { Reader } from './reader.ts';
import { type Options, PatternFault } from './syntax.ts';

/** Reads a class from behind its `[`. */
export function readClass(reader: Reader, options: Options): ByteSet {
  const negated = reader.skip('^');
  const set = empty();
  let quoted = false;
  for (let first = true; ; first = false) {
    if (reader.done) throw new PatternFault('a class [...] is not closed');
    if (reader.skip('\\E')) quoted = false;
    else if (quoted) readMember(reader, set, true);
    else if (reader.skip('\\Q')) quoted = true;
    else if (!first && reader.skip(']')) break;
    else if (options.extendedMore && /[ \t]/.test(reader.next)) reader.at++;
    else readMember(reader, set, false);
  }
  const folded = options.ignoreCase ? foldCase(set) : set;
  return negated ? complement(folded) : folded;
}

/**
 * Takes `:alpha:]`, `.x.]` or `=x=]` from the sign on, `skip` signs further than the reader is; as PCRE2 does it, this ends
 * with the sign it began with, before any other `]`.
 *
 * @returns what stands before the `]`; undefined when there is none, and nothing is taken
 */
export function readPosix(reader: Reader, skip: number): string | undefined {
  const from = reader.at;
  reader.at += skip;
  const found = reader.match(/([:.=])(?:\\[\\\]]|(?!\1\]|\[\1)[^\]])*\1\]/y);
  if (!found) reader.at = from;
  return found?.[0].slice(0, -1);
}

/** A byte, a range, or a set with a name. */
function readMember(reader: Reader, set: ByteSet, quoted: boolean): void {
  const from = readOne(reader, quoted);
  if (typeof from !== 'number') {
    addAll(set, from);
    // PCRE takes the hyphen after a set for a slip, unless it is the last sign.
    if (!quoted && reader.looksAt('-') && !reader.looksAt('-]'))
      throw new PatternFault('invalid range in character class');
    return;
  }
  if (quoted || !reader.looksAt('-') || reader.looksAt('-]')) return void (set[from] = 1);
  reader.at++;
  const to = readOne(reader, false);
  if (typeof to !== 'number') throw new PatternFault('invalid range in character class');
  if (to < from) throw new PatternFault('range out of order in character class');
  set.fill(1, from, to + 1);
}

function readOne(reader: Reader, quoted: boolean): number | ByteSet {
  if (quoted) return reader.take().charCodeAt(0);
  const bracketed = reader.next === '[' ? readPosix(reader, 1) : undefined;
  if (bracketed?.startsWith(':')) {
    const negated = bracketed.startsWith(':^');
    return posix(bracketed.slice(negated ? 2 : 1, -1), negated);
  }
  if (bracketed) throw new PatternFault('POSIX collating elements are not supported');
  if (!reader.skip('\\')) return reader.take().charCodeAt(0);
  return typeOf(reader) ?? escaped(reader);
}

function posix(name: string, negated: boolean): ByteSet {
  const set = Object.hasOwn(POSIX, name) ? POSIX[name] : undefined;
  if (!set) throw new PatternFault(`unknown POSIX class name [:${name}:]`);
  return negated ? complement(set) : set;
}

/** In a class `\b` is a backspace, and numbers are octal. */
function escaped(reader: Reader): number {
  if (reader.skip('b')) return 8;
  const octal = reader.match(/[1-7][0-7]{0,2}/y);
  const byte = octal ? Number.parseInt(octal[0], 8) : byteOf(reader);
  if (byte === undefined || byte > 255) throw new PatternFault(`\\${reader.next} has no meaning in a class`);
  return byte;
}
