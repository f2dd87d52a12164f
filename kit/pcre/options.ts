/** What `(?i)`, `(?s-m)` and `(?^x)` switch. */
import type { Reader } from './reader.ts';
import { type Options, PatternFault } from './syntax.ts';

/** Nothing but the letters, then `)` when they hold to the end of the group around, or `:` for a group of their own. */
const SWITCH = {
  ')': /\(\?(\^?)([imsnxUJ]*)(?:-([imsnxU]*))?\)/y,
  ':': /\(\?(\^?)([imsnxUJ]*)(?:-([imsnxU]*))?:/y,
};

/** @returns the options from here on, or undefined when none are switched here */
export function readOptions(reader: Reader, end: ')' | ':', options: Options): Options | undefined {
  const found = reader.match(SWITCH[end]);
  return found && optionsAfter(options, found[1]!, found[2]!, found[3]);
}

/** The options that a pattern starts with. */
export const startingOptions = (set: Partial<Options>): Options => ({
  ignoreCase: false,
  multiLine: false,
  dotAll: false,
  dollarEndOnly: false,
  extended: false,
  extendedMore: false,
  ungreedy: false,
  noCapture: false,
  ...set,
});

function optionsAfter(options: Options, reset: string, on: string, off = ''): Options {
  if (on.includes('J')) throw new PatternFault('(?J) is not supported');
  const is = (letter: string, before: boolean) =>
    off.includes(letter) ? false : on.includes(letter) ? true : reset && letter !== 'U' ? false : before;
  return {
    ignoreCase: is('i', options.ignoreCase),
    multiLine: is('m', options.multiLine),
    dotAll: is('s', options.dotAll),
    dollarEndOnly: options.dollarEndOnly,
    extended: is('x', options.extended),
    extendedMore: on.includes('xx') || (!on.includes('x') && is('x', options.extendedMore)),
    ungreedy: is('U', options.ungreedy),
    noCapture: is('n', options.noCapture),
  };
}
