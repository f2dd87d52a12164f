/** Comments of SQL: `--`, `#` and slash-star. */
import { type Token, TYPE, token } from './sql-token.ts';
import type { SqlInput } from './sql-tokenizer.ts';

/** White space of any database: Oracle's NUL and Latin-1's no-break space included. */
export const isSqlSpace = (char: string | undefined): boolean =>
  char !== undefined && /[\0\t-\r \xa0]/.test(char);

function readToEndOfLine(input: SqlInput): Token {
  const { value, at } = input;
  const end = value.indexOf('\n', at);
  input.at = end < 0 ? value.length : end + 1;
  return token(TYPE.comment, value.slice(at, end < 0 ? value.length : end));
}

function readOperator(input: SqlInput): Token {
  return token(TYPE.operator, input.value[input.at++]!);
}

/** A comment for MySQL, an operator for the others. */
export function readHash(input: SqlInput): Token {
  input.isAmbiguous = true;
  return input.dialect === 'mysql' ? readToEndOfLine(input) : readOperator(input);
}

/** `--` before white space or the end is a comment for all; before anything else it is none for MySQL. */
export function readDash(input: SqlInput): Token {
  const { value, at } = input;
  if (value[at + 1] !== '-') return readOperator(input);
  const after = value[at + 2];
  if (after === undefined || isSqlSpace(after)) return readToEndOfLine(input);
  if (input.dialect === 'mysql') return readOperator(input);
  input.isAmbiguous = true;
  return readToEndOfLine(input);
}

/**
 * A comment inside a comment (PostgreSQL nests them, others do not) and MySQL's conditional ones, slash-star-bang,
 * mean different things to different databases: no honest value holds them.
 */
export function readComment(input: SqlInput): Token {
  const { value, at } = input;
  const end = value.indexOf('*/', at + 2);
  const isNested = end >= 0 && value.lastIndexOf('/*', end - 1) > at + 1;
  input.at = end < 0 ? value.length : end + 2;
  const type = isNested || value[at + 2] === '!' ? TYPE.evil : TYPE.comment;
  return token(type, value.slice(at, input.at));
}
