/** Words of SQL: bare, in backticks, in brackets, and variables. */
import { bytesOf, endOfRun } from './byte-run.ts';
import { readString } from './sql-quoted.ts';
import { Token, TYPE, VALUE_LIMIT } from './sql-token.ts';
import type { SqlInput } from './sql-tokenizer.ts';
import { wordType } from './word-table.ts';

const NAME = bytesOf(/[^ [\]{}<>:\\?=@!#~+*/&|^%(),';\t-\r"\xa0\0-]/);
const VARIABLE_NAME = bytesOf(/[^ <>:\\?=@!#~+*/&|^%(),';\t-\r'`"\0-]/);
const [DOT, TICK, AT_SIGN] = [46, 96, 64];

/** `SELECT.1` and `` SELECT`name` ``: where a keyword before a dot or backtick ends; else where the name does. */
function endOfWord(value: string, from: number, end: number): number {
  const last = Math.min(end, from + VALUE_LIMIT);
  for (let at = from; at < last; at++) {
    const code = value.charCodeAt(at);
    if (code !== DOT && code !== TICK) continue;
    const type = wordType(value, from, at);
    if (type !== 0 && type !== TYPE.bareword) return at;
  }
  return end;
}

export function readWord(input: SqlInput): Token {
  const { value, at: from } = input;
  const end = endOfWord(value, from, endOfRun(NAME, value, from));
  input.at = end;
  const type = end - from <= VALUE_LIMIT ? wordType(value, from, end) : 0;
  return new Token(type || TYPE.bareword, value, from, end);
}

/** SQL Server's `[name]`. */
export function readBracketed(input: SqlInput): Token {
  const start = input.at;
  const end = input.value.indexOf(']', start);
  input.at = end < 0 ? input.value.length : end + 1;
  return new Token(TYPE.bareword, input.value, start, input.at);
}

/** MySQL's backticks: a name whatever stands in them, unless it is a function. */
export function readTicked(input: SqlInput): Token {
  const text = readString(input, '`', 1);
  const isFunction = wordType(text.source, text.from, text.from + text.length) === TYPE.function;
  text.type = isFunction ? TYPE.function : TYPE.bareword;
  return text;
}

/** `@name`, `@@name`, and MySQL's quoted ones. */
export function readVariable(input: SqlInput): Token {
  const { value } = input;
  input.at += value.charCodeAt(input.at + 1) === AT_SIGN ? 2 : 1;
  const quote = value[input.at] ?? '';
  if (quote !== '' && '`\'"'.includes(quote)) {
    const text = readString(input, quote, 1);
    text.type = TYPE.variable;
    return text;
  }
  const from = input.at;
  input.at = endOfRun(VARIABLE_NAME, value, from);
  return new Token(TYPE.variable, value, from, input.at);
}
