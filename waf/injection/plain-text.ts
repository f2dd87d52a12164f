/** Values that cannot change an SQL statement: words and numbers, none of which SQL knows. */
import { SQL_WORDS } from './sql-words.ts';

/** What words and phrases of SQL begin with, in lower case: up to a space or a dot. */
const BEGINNINGS: ReadonlySet<string> = new Set(
  [...SQL_WORDS.keys()].map(word => word.toLowerCase().split(/[ .]/)[0]!),
);

const PLAIN = /^[A-Za-z0-9_. ]*$/;
const NUMBER = /^[0-9]+$/;
const WORD = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/**
 * Such a value is read as names and numbers alone, and no fingerprint of an attack consists of those. Most values of most
 * requests are such, and this costs a tenth of reading them as SQL. O(length).
 */
export function isPlainText(value: string): boolean {
  if (!PLAIN.test(value)) return false;
  for (let from = 0; from < value.length; ) {
    const space = value.indexOf(' ', from);
    const end = space < 0 ? value.length : space;
    if (end > from && !isPlainWord(value.slice(from, end))) return false;
    from = end + 1;
  }
  return true;
}

function isPlainWord(word: string): boolean {
  if (NUMBER.test(word)) return true;
  if (!WORD.test(word)) return false;
  const dot = word.indexOf('.');
  return !BEGINNINGS.has((dot < 0 ? word : word.slice(0, dot)).toLowerCase());
}
