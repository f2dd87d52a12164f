/** Numbers of SQL, and what begins with a dollar: money, PostgreSQL's quotes. */
import { isSqlSpace } from './sql-comments.ts';
import { type Token, TYPE, token } from './sql-token.ts';
import type { SqlInput } from './sql-tokenizer.ts';
import { readWord, spanAt } from './sql-word.ts';

function readAs(input: SqlInput, type: string, length: number): Token {
  const start = input.at;
  input.at += length;
  return token(type, input.value.slice(start, input.at));
}

/** Digits, point, digits, exponent. */
const DECIMAL = /[0-9]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?/y;

/**
 * Oracle lets a number end in `d` or `f`; taken so before white space, `;` and the end, and in `1fUNION`. In `123FROM`
 * the letter belongs to the word.
 */
function hasSuffix(value: string, at: number): boolean {
  if (!/[dDfF]/.test(value[at] ?? '')) return false;
  const after = value[at + 1];
  return after === undefined || isSqlSpace(after) || /[;uU]/.test(after);
}

const hasEmptyExponent = (text: string): boolean => /[eE][+-]?$/.test(text);

/**
 * An exponent without digits, `1.e`, is read over by MySQL, so nothing is made of it: `1.e(1)` is `(1)`.
 * https://gosecure.ai/blog/2021/10/19/a-scientific-notation-bug-in-mysql-left-aws-waf-clients-vulnerable-to-sql-injection/
 */
export function readNumber(input: SqlInput): Token | undefined {
  const { value, at } = input;
  const based = spanAt(/0(?:[xX][0-9a-fA-F\0]*|[bB][01\0]*)/y, value, at);
  if (based !== '') return readAs(input, based.length === 2 ? TYPE.bareword : TYPE.number, based.length);
  const text = spanAt(DECIMAL, value, at);
  if (text[0] === '.' && !/^\.[0-9]/.test(text)) return readAs(input, TYPE.dot, 1);
  const length = text.length + (hasSuffix(value, at + text.length) ? 1 : 0);
  if (!hasEmptyExponent(text)) return readAs(input, TYPE.number, length);
  input.at += length;
  return undefined;
}

/** Reads the text between two `mark`s, the first of which stands at the cursor. */
function readMarked(input: SqlInput, mark: string): Token {
  const { value } = input;
  const start = input.at + mark.length;
  const end = value.indexOf(mark, start);
  input.at = end < 0 ? value.length : end + mark.length;
  return token(TYPE.string, value.slice(start, end < 0 ? value.length : end), '$', end < 0 ? '' : '$');
}

/** `$1,000.00`, `$$text$$`, `$tag$text$tag$`, or a lone dollar, which is part of a name. */
export function readMoney(input: SqlInput): Token | undefined {
  const { value, at } = input;
  const amount = spanAt(/[0-9.,\0]*/y, value, at + 1);
  if (amount === '.') return readWord(input);
  if (amount !== '') return readAs(input, TYPE.number, 1 + amount.length);
  const mark = spanAt(/\$[a-zA-Z]*\$/y, value, at);
  return mark === '' ? readAs(input, TYPE.bareword, 1) : readMarked(input, mark);
}
