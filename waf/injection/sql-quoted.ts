/** Text of SQL up to its closing quote. */
import { type Token, TYPE, token } from './sql-token.ts';
import type { SqlInput } from './sql-tokenizer.ts';

/** Whether an odd number of backslashes ends before `at`, none of them before `start`. */
function isEscaped(value: string, start: number, at: number): boolean {
  let from = at;
  while (from > start && value[from - 1] === '\\') from--;
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
  const start = input.at + lead;
  const end = endOf(input.value, start, quote);
  input.at = end < 0 ? input.value.length : end + 1;
  const text = input.value.slice(start, end < 0 ? input.value.length : end);
  return token(TYPE.string, text, lead > 0 ? quote : '', end < 0 ? '' : quote);
}
