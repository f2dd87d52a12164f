/** Words of SQL: bare, in backticks, in brackets, and variables. */
import { readString } from './sql-quoted.ts';
import { type Token, TYPE, token, upper, VALUE_LIMIT } from './sql-token.ts';
import type { SqlInput } from './sql-tokenizer.ts';
import { SQL_WORDS } from './sql-words.ts';

const NAME = /[^ [\]{}<>:\\?=@!#~+*/&|^%(),';\t-\r"\xa0\0-]*/y;
const VARIABLE_NAME = /[^ <>:\\?=@!#~+*/&|^%(),';\t-\r'`"\0-]*/y;

/** What a sticky pattern matches at `at`. */
export function spanAt(pattern: RegExp, value: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(value)?.[0] ?? '';
}

/** `SELECT.1` and `` SELECT`name` ``: where a keyword before a dot or backtick ends, or 0. */
function keywordBefore(word: string): number {
  for (let at = 0; at < word.length && at < VALUE_LIMIT; at++) {
    if (word[at] !== '.' && word[at] !== '`') continue;
    const type = SQL_WORDS.get(upper(word.slice(0, at)));
    if (type !== undefined && type !== TYPE.bareword) return at;
  }
  return 0;
}

export function readWord(input: SqlInput): Token {
  const whole = spanAt(NAME, input.value, input.at);
  const keyword = keywordBefore(whole);
  const word = keyword > 0 ? whole.slice(0, keyword) : whole;
  input.at += word.length;
  const type = word.length <= VALUE_LIMIT ? SQL_WORDS.get(upper(word)) : undefined;
  return token(type ?? TYPE.bareword, word);
}

/** SQL Server's `[name]`. */
export function readBracketed(input: SqlInput): Token {
  const start = input.at;
  const end = input.value.indexOf(']', start);
  input.at = end < 0 ? input.value.length : end + 1;
  return token(TYPE.bareword, input.value.slice(start, input.at));
}

/** MySQL's backticks: a name whatever stands in them, unless it is a function. */
export function readTicked(input: SqlInput): Token {
  const text = readString(input, '`', 1);
  const isFunction = SQL_WORDS.get(upper(text.value)) === TYPE.function;
  return { ...text, type: isFunction ? TYPE.function : TYPE.bareword };
}

/** `@name`, `@@name`, and MySQL's quoted ones. */
export function readVariable(input: SqlInput): Token {
  const { value } = input;
  input.at += value[input.at + 1] === '@' ? 2 : 1;
  const quote = value[input.at] ?? '';
  if (quote !== '' && '`\'"'.includes(quote)) return { ...readString(input, quote, 1), type: TYPE.variable };
  const name = spanAt(VARIABLE_NAME, value, input.at);
  input.at += name.length;
  return token(TYPE.variable, name);
}
