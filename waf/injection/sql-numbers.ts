/** Numbers of SQL, and what begins with a dollar: money, PostgreSQL's quotes. */
import { bytesOf, endOfRun } from './byte-run.ts';
import { isSqlSpace } from './sql-comments.ts';
import { Token, TYPE } from './sql-token.ts';
import type { SqlInput } from './sql-tokenizer.ts';
import { readWord } from './sql-word.ts';

const DIGITS = bytesOf(/[0-9]/);
const HEX = bytesOf(/[0-9a-fA-F\0]/);
const BINARY = bytesOf(/[01\0]/);
const AMOUNT = bytesOf(/[0-9.,\0]/);
const LETTERS = bytesOf(/[a-zA-Z]/);
const [ZERO, DOT, SEMICOLON, DOLLAR] = [48, 46, 59, 36];
const [B, D, E, F, U, X] = [98, 100, 101, 102, 117, 120];

/** The byte at a place, ASCII letters (and what differs from them by one bit) in lower case. */
const lowerAt = (value: string, at: number): number => value.charCodeAt(at) | 32;

function readAs(input: SqlInput, type: number, end: number): Token {
  const from = input.at;
  input.at = end;
  return new Token(type, input.value, from, end);
}

/** Where `0x1f` and `0b01` end; `at` when there is none. */
function endOfBased(value: string, at: number): number {
  if (value.charCodeAt(at) !== ZERO) return at;
  const base = lowerAt(value, at + 1);
  if (base === X) return endOfRun(HEX, value, at + 2);
  return base === B ? endOfRun(BINARY, value, at + 2) : at;
}

/** Where digits, point, digits end. */
function endOfDecimal(value: string, at: number): number {
  const end = endOfRun(DIGITS, value, at);
  return value.charCodeAt(end) === DOT ? endOfRun(DIGITS, value, end + 1) : end;
}

/** Where the digits of an exponent begin, of which there may be none; `at` when there is no exponent. */
function startOfExponent(value: string, at: number): number {
  if (lowerAt(value, at) !== E) return at;
  return '+-'.includes(value[at + 1] ?? ' ') ? at + 2 : at + 1;
}

/**
 * Oracle lets a number end in `d` or `f`; taken so before white space, `;` and the end, and in `1fUNION`. In `123FROM`
 * the letter belongs to the word.
 */
function hasSuffix(value: string, at: number): boolean {
  const letter = lowerAt(value, at);
  if (letter !== D && letter !== F) return false;
  if (at + 1 >= value.length) return true;
  const after = value.charCodeAt(at + 1);
  return isSqlSpace(after) || after === SEMICOLON || (after | 32) === U;
}

/**
 * An exponent without digits, `1.e`, is read over by MySQL, so nothing is made of it: `1.e(1)` is `(1)`.
 * https://gosecure.ai/blog/2021/10/19/a-scientific-notation-bug-in-mysql-left-aws-waf-clients-vulnerable-to-sql-injection/
 */
export function readNumber(input: SqlInput): Token | undefined {
  const { value, at } = input;
  const based = endOfBased(value, at);
  if (based > at) return readAs(input, based === at + 2 ? TYPE.bareword : TYPE.number, based);
  if (value.charCodeAt(at) === DOT && DIGITS[value.charCodeAt(at + 1) & 255] !== 1)
    return readAs(input, TYPE.dot, at + 1);
  const decimal = endOfDecimal(value, at);
  const exponent = startOfExponent(value, decimal);
  const end = exponent > decimal ? endOfRun(DIGITS, value, exponent) : decimal;
  const whole = hasSuffix(value, end) ? end + 1 : end;
  if (exponent === decimal || end > exponent) return readAs(input, TYPE.number, whole);
  input.at = whole;
  return undefined;
}

/** Reads the text between two marks, the first of which stands at the cursor and ends at `start`. */
function readMarked(input: SqlInput, start: number): Token {
  const { value, at } = input;
  const end = value.indexOf(value.slice(at, start), start);
  input.at = end < 0 ? value.length : end + (start - at);
  return new Token(TYPE.string, value, start, end < 0 ? value.length : end, '$', end < 0 ? '' : '$');
}

/** `$1,000.00`, `$$text$$`, `$tag$text$tag$`, or a lone dollar, which is part of a name. */
export function readMoney(input: SqlInput): Token | undefined {
  const { value, at } = input;
  const amount = endOfRun(AMOUNT, value, at + 1);
  if (amount === at + 2 && value.charCodeAt(at + 1) === DOT) return readWord(input);
  if (amount > at + 1) return readAs(input, TYPE.number, amount);
  const tag = endOfRun(LETTERS, value, at + 1);
  return value.charCodeAt(tag) === DOLLAR ? readMarked(input, tag + 1) : readAs(input, TYPE.bareword, at + 1);
}
