/** Text of SQL up to its closing quote. */
import { Token, TYPE } from './sql-token.ts';
import type { SqlInput } from './sql-tokenizer.ts';

const BACKSLASH = 92;

/** Whether an odd number of backslashes ends before `at`, none of them before `start`. */
function isEscaped(value: string, start: number, at: number): boolean {
  let from = at;
  while (from > start && value.charCodeAt(from - 1) === BACKSLASH) from--;
  return (at - from) % 2 === 1;
}

/** Where the string that starts at `start` is closed, or -1: a quote escaped by a backslash or doubled does not close. */
function endOf(value: string, start: number, quote: string): number {
  let at = value.indexOf(quote, start);
  while (at >= 0) {
    if (isEscaped(value, start, at)) at = value.indexOf(quote, at + 1);
    else if (value[at + 1] === quote) at = value.indexOf(quote, at + 2);
    else return at;
  }
  return -1;
}

/** Reads to the closing `quote`, with `lead` bytes before the text. */
export function readString(input: SqlInput, quote: string, lead: number): Token {
  const { value } = input;
  const start = input.at + lead;
  const end = endOf(value, start, quote);
  input.at = end < 0 ? value.length : end + 1;
  const to = end < 0 ? value.length : end;
  return new Token(TYPE.string, value, start, to, lead > 0 ? quote : '', end < 0 ? '' : quote);
}
