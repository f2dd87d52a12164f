/** `@pm`, `@pmFromFile`, `@pmf`: any of many words, without regard to case. */
import { AhoCorasick } from '../regex/aho-corasick.ts';
import { type Matcher, type Operator, OperatorFault } from './operator.ts';

function matcherOf(words: readonly string[]): Matcher {
  if (words.length === 0) throw new OperatorFault('the list of words is empty');
  const automaton = new AhoCorasick(words, { caseless: true });
  return {
    words,
    match: value => automaton.test(value),
    captures(value) {
      const found = automaton.search(value);
      return found === undefined ? undefined : [value.slice(found.start, found.end)];
    },
  };
}

/** `|41 42|` stands for the bytes 0x41 0x42, as Snort writes them. */
function decodeBytes(text: string): string {
  const parts = text.split('|');
  if (parts.length % 2 === 0)
    throw new OperatorFault(`a | in "${text}" has no second one`, 'bytes are written |41 42|');
  return parts.map((part, at) => (at % 2 === 0 ? part : bytesOf(part))).join('');
}

function bytesOf(hex: string): string {
  const pairs = hex.trim().split(/\s+/);
  if (pairs.some(pair => !/^(?:[0-9a-fA-F]{2})+$/.test(pair))) {
    throw new OperatorFault(`"${hex}" is no row of hexadecimal bytes`, 'bytes are written |41 42|');
  }
  return Buffer.from(pairs.join(''), 'hex').toString('latin1');
}

export const pm: Operator = {
  name: 'pm',
  doc: 'Matches values that hold one of the words (parted by spaces), in either case; captures the word.',
  compile: argument =>
    matcherOf(
      decodeBytes(argument)
        .split(/[\t-\r ]+/)
        .filter(word => word !== ''),
    ),
};

const isPhrase = (line: string): boolean => !/^\s*(?:#|$)/.test(line);

/** One phrase a line, spaces included; lines that are empty or begin with `#` are none. */
const fromFile = (name: string): Operator => ({
  name,
  doc: 'Matches values that hold one of the phrases of files, one a line, in either case; captures the phrase.',
  compile(argument, context) {
    const files = argument.split(/\s+/).filter(file => file !== '');
    if (files.length === 0) throw new OperatorFault('the name of a file is missing');
    return matcherOf(files.flatMap(file => context.dataFile(file).split(/\r?\n/).filter(isPhrase)));
  },
});

export const pmFromFile = fromFile('pmFromFile');
export const pmf = fromFile('pmf');
