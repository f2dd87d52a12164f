/** The language piece by piece, as the server reads it (config/lex.ts): what a piece is, and what stands open behind it. */

export type Kind =
  | 'blank'
  | 'comment'
  | 'name'
  | 'word'
  | 'number'
  | 'parameter'
  | 'text'
  | 'variable'
  | 'sign';

/** Behind a piece; nothing in it is ever changed. */
export interface Lexing {
  /** Names of the open blocks, the outermost first. */
  readonly blocks: readonly string[];
  /** Of the statement: those that are finished, the directive's name first. */
  readonly words: readonly string[];
  /** What there is of the word that is not. */
  readonly word: string;
  /** That is open, maybe since lines before. */
  readonly quote: '' | '"' | "'";
}

export interface Piece {
  /** Where it ends in the line. */
  readonly to: number;
  readonly kind: Kind;
  readonly state: Lexing;
}

export const START: Lexing = { blocks: [], words: [], word: '', quote: '' };

/** Deeper than the server goes. */
const MOST_BLOCKS = 120;

const BLANK = /[ \t\r]+/y;
const VARIABLE = /\$(?:\{\w+\}?|\w+)/y;
const PARAMETER = /[A-Za-z_][\w-]*=/y;
const BARE = /(?:\\.?|[^ \t\r;{$\\])+|\$\{?/y;
const IN_DOUBLE = /(?:\\.?|[^"$\\]|\$(?![{\w]))+/y;
const IN_SINGLE = /(?:\\.?|[^'$\\]|\$(?![{\w]))+/y;
const NUMBER = /^-?\d+(?:\.\d+)?[A-Za-z%]*$/;

/** A line ends, and with it a word that no quote keeps open. */
export const endLine = (state: Lexing): Lexing =>
  state.quote === '' ? endWord(state) : { ...state, word: `${state.word}\n` };

/** @param at less than the length of the line */
export function next(line: string, at: number, state: Lexing): Piece {
  if (state.quote !== '') return quoted(line, at, state, state.quote);
  const blank = match(BLANK, line, at);
  if (blank) return { to: at + blank.length, kind: 'blank', state: endWord(state) };
  const char = line[at]!;
  if (char === ';' || char === '{') return sign(char, at, endWord(state));
  if (state.word === '') {
    if (char === '}') return sign(char, at, state);
    if (char === '#') return { to: line.length, kind: 'comment', state };
    if (char === '"' || char === "'") {
      const opened = { ...state, quote: char } as const;
      return at + 1 < line.length
        ? quoted(line, at + 1, opened, char)
        : { to: at + 1, kind: 'text', state: opened };
    }
  }
  return bare(line, at, state);
}

function bare(line: string, at: number, state: Lexing): Piece {
  const isName = state.words.length === 0;
  const variable = match(VARIABLE, line, at);
  if (variable) return grown(at, variable, 'variable', state);
  const parameter = !isName && state.word === '' ? match(PARAMETER, line, at) : '';
  if (parameter) return grown(at, parameter, 'parameter', state);
  const text = match(BARE, line, at) || line[at]!;
  const kind = isName ? 'name' : NUMBER.test(text) ? 'number' : 'word';
  return grown(at, text, kind, state);
}

function quoted(line: string, at: number, state: Lexing, quote: '"' | "'"): Piece {
  const variable = match(VARIABLE, line, at);
  if (variable) return grown(at, variable, 'variable', state);
  const inside = match(quote === '"' ? IN_DOUBLE : IN_SINGLE, line, at);
  const text = inside || (line[at] === quote ? '' : line[at]!);
  const to = at + text.length;
  const word = state.word + text;
  if (line[to] !== quote) return { to, kind: 'text', state: { ...state, word } };
  const words = [...state.words, word];
  return { to: to + 1, kind: 'text', state: { ...state, words, word: '', quote: '' } };
}

const grown = (at: number, text: string, kind: Kind, state: Lexing): Piece => ({
  ...{ to: at + text.length, kind },
  state: { ...state, word: state.word + text },
});

function sign(char: ';' | '{' | '}', at: number, { blocks, words }: Lexing): Piece {
  const inside =
    char === '{' && blocks.length < MOST_BLOCKS
      ? [...blocks, words[0] ?? '']
      : char === '}'
        ? blocks.slice(0, -1)
        : blocks;
  return { to: at + 1, kind: 'sign', state: { blocks: inside, words: [], word: '', quote: '' } };
}

const endWord = (state: Lexing): Lexing =>
  state.word === '' ? state : { ...state, words: [...state.words, state.word], word: '' };

function match(pattern: RegExp, line: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(line)?.[0] ?? '';
}
