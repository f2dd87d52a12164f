/** Strings of SQL in the spellings of several databases. */
import { readString } from './sql-quoted.ts';
import { Token, TYPE, token } from './sql-token.ts';
import type { Context, SqlInput } from './sql-tokenizer.ts';
import { readWord } from './sql-word.ts';

const QUOTE = 39;
const Q = 113;

/** The value is taken to begin inside of quotes. */
export const readSimulated = (input: SqlInput, context: Context): Token => readString(input, context, 0);

export const readQuoted = (input: SqlInput): Token => readString(input, input.value[input.at]!, 1);

/** Whether a quote and one more byte follow the letter at the cursor. */
const hasQuoteAfter = ({ value, at }: SqlInput): boolean =>
  value.charCodeAt(at + 1) === QUOTE && at + 2 < value.length;

/** PostgreSQL's `E'...'`. */
export const readEscaped = (input: SqlInput): Token =>
  hasQuoteAfter(input) ? readString(input, "'", 2) : readWord(input);

/** MySQL's `N'...'`, Oracle's `NQ'...'`. */
export const readNational = (input: SqlInput): Token =>
  hasQuoteAfter(input) ? readString(input, "'", 2) : readOracle(input, 1);

/** PostgreSQL's `U&'...'`. */
export function readUnicode(input: SqlInput): Token {
  if (!input.value.startsWith("&'", input.at + 1)) return readWord(input);
  input.at += 2;
  const { value, closed } = readQuoted(input);
  return token(TYPE.string, value, 'u', closed === "'" ? 'u' : closed);
}

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' };

/** Oracle's `q'[...]'`, with any printable character for a bracket; `lead` bytes stand before the q. */
export function readOracle(input: SqlInput, lead: number): Token {
  const { value } = input;
  const q = input.at + lead;
  if (value.charCodeAt(q + 1) !== QUOTE || (value.charCodeAt(q) | 32) !== Q) return readWord(input);
  const code = value.charCodeAt(q + 2);
  if (!(code > 32 && code <= 0x7f)) return readWord(input);
  const bracket = value[q + 2]!;
  const start = q + 3;
  const end = value.indexOf(`${CLOSERS[bracket] ?? bracket}'`, start);
  input.at = end < 0 ? value.length : end + 2;
  return new Token(TYPE.string, value, start, end < 0 ? value.length : end, 'q', end < 0 ? '' : 'q');
}

/** `B'01'` and `X'0F'`: `digits` is a sticky pattern of the digits and the closing quote. */
export function readBinary(input: SqlInput, digits: RegExp): Token {
  if (!hasQuoteAfter(input)) return readWord(input);
  const { value, at } = input;
  digits.lastIndex = at + 2;
  if (!digits.test(value)) return readWord(input);
  input.at = digits.lastIndex;
  return new Token(TYPE.number, value, at, input.at);
}
