/** SecLang text → directives as words: continued lines, comments, quotes. */
import { type Place, RuleFault } from '../diagnostic.ts';

/** A directive before anyone has asked what it means. */
export interface Directive extends Place {
  readonly name: string;
  readonly args: readonly string[];
}

/** A quote that is open at the end of its line may go on over so many. */
const QUOTED_LINES = 200;

/**
 * A line that ends in `\` goes on in the next, and so does a quote that is still open; a comment is one line, and cannot be
 * continued into a rule.
 */
export function* logicalLines(text: string): Generator<{ readonly text: string; readonly line: number }> {
  let joined = '';
  let start = 0;
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!.endsWith('\r') ? lines[at]!.slice(0, -1) : lines[at]!;
    if (joined === '' && /^\s*(?:#|$)/.test(line)) continue;
    if (joined === '') start = at + 1;
    if (line.endsWith('\\') && at + 1 < lines.length) {
      joined += line.slice(0, -1);
      continue;
    }
    const goesOn = untilClosed(joined + line, lines, at + 1);
    at += goesOn?.count ?? 0;
    yield { text: goesOn?.text ?? joined + line, line: start };
    joined = '';
  }
  if (joined !== '') yield { text: joined, line: start };
}

/** Undefined when there is no quote to be closed, or what would close it stands in another directive: then the fault is here. */
function untilClosed(
  line: string,
  lines: readonly string[],
  from: number,
): { readonly text: string; readonly count: number } | undefined {
  if (quotes(line) !== 'open') return undefined;
  let text = line;
  for (let at = from; at < Math.min(lines.length, from + QUOTED_LINES); at++) {
    const next = lines[at]!.replace(/\r$/, '');
    if (/^\s*(?:Sec[A-Z]|Include)\w*\s/.test(next)) return undefined;
    text += `\n${next.replace(/\\$/, '')}`;
    const state = quotes(text);
    if (state !== 'open') return state === 'closed' ? { text, count: at + 1 - from } : undefined;
  }
  return undefined;
}

/** A fault that the next lines may mend. */
class OpenQuote extends RuleFault {}

/** Whether all quotes of a line are closed, as splitWords() reads them. */
function quotes(line: string): 'closed' | 'open' | 'broken' {
  try {
    splitWords(line);
    return 'closed';
  } catch (fault) {
    if (!(fault instanceof RuleFault)) throw fault;
    return fault instanceof OpenQuote ? 'open' : 'broken';
  }
}

/**
 * Splits a directive into words. In double quotes `\"` stands for `"`; every other `\` stays, for it is a matter of the
 * pattern that it stands in. Single quotes hold words, too.
 *
 * @throws {RuleFault} when a quote is never closed
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (line[at] === ' ' || line[at] === '\t') {
      at++;
      continue;
    }
    const quote = line[at]!;
    if (quote !== '"' && quote !== "'") {
      const start = at;
      while (at < line.length && line[at] !== ' ' && line[at] !== '\t') at++;
      words.push(line.slice(start, at));
      continue;
    }
    const [word, end] = quoted(line, at, quote);
    words.push(word);
    at = end;
    if (at < line.length && line[at] !== ' ' && line[at] !== '\t')
      throw new RuleFault(
        'syntax',
        `there is no space after the closing quote of ${shorten(word)}`,
        'write a space',
      );
  }
  return words;
}

function quoted(line: string, from: number, quote: string): [word: string, end: number] {
  let word = '';
  for (let at = from + 1; at < line.length; at++) {
    const char = line[at]!;
    if (char === quote) return [word, at + 1];
    if (char === '\\' && line[at + 1] === quote) {
      word += quote;
      at++;
    } else if (char === '\\' && at + 1 < line.length) {
      word += char + line[++at]!;
    } else word += char;
  }
  throw new OpenQuote(
    'syntax',
    `the quote that opens ${shorten(word)} is never closed`,
    `write ${quote} at its end`,
  );
}

const shorten = (text: string) => JSON.stringify(text.length > 30 ? `${text.slice(0, 30)}...` : text);
