/** Comments of SQL: `--`, `#` and slash-star. */
import { Token, TYPE } from './sql-token.ts';
import type { SqlInput } from './sql-tokenizer.ts';

const [DASH, STAR, BANG] = [45, 42, 33];

/** White space of any database: Oracle's NUL and Latin-1's no-break space included. NaN, behind the end, is none. */
export const isSqlSpace = (code: number): boolean =>
  code === 32 || (code >= 9 && code <= 13) || code === 0 || code === 0xa0;

function readToEndOfLine(input: SqlInput): Token {
  const { value, at } = input;
  const end = value.indexOf('\n', at);
  input.at = end < 0 ? value.length : end + 1;
  return new Token(TYPE.comment, value, at, end < 0 ? value.length : end);
}

const readOperator = (input: SqlInput): Token => new Token(TYPE.operator, input.value, input.at, ++input.at);

/** A comment for MySQL, an operator for the others. */
export function readHash(input: SqlInput): Token {
  input.isAmbiguous = true;
  return input.dialect === 'mysql' ? readToEndOfLine(input) : readOperator(input);
}

/** `--` before white space or the end is a comment for all; before anything else it is none for MySQL. */
export function readDash(input: SqlInput): Token {
  const { value, at } = input;
  if (value.charCodeAt(at + 1) !== DASH) return readOperator(input);
  if (at + 2 >= value.length || isSqlSpace(value.charCodeAt(at + 2))) return readToEndOfLine(input);
  if (input.dialect === 'mysql') return readOperator(input);
  input.isAmbiguous = true;
  return readToEndOfLine(input);
}

/**
 * A comment inside a comment (PostgreSQL nests them, others do not) and MySQL's conditional ones, slash-star-bang,
 * mean different things to different databases: no honest value holds them.
 */
function readComment(input: SqlInput): Token {
  const { value, at } = input;
  const end = value.indexOf('*/', at + 2);
  const isNested = end >= 0 && value.lastIndexOf('/*', end - 1) > at + 1;
  input.at = end < 0 ? value.length : end + 2;
  const type = isNested || value.charCodeAt(at + 2) === BANG ? TYPE.evil : TYPE.comment;
  return new Token(type, value, at, input.at);
}

export const readSlash = (input: SqlInput): Token =>
  input.value.charCodeAt(input.at + 1) === STAR ? readComment(input) : readOperator(input);
