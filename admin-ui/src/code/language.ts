/** The language as CodeMirror has it: colours by what a name means where it stands, and how far a line is indented. */
import { indentUnit, LanguageSupport, StreamLanguage, type StreamParser } from '@codemirror/language';
import { endLine, type Kind, type Lexing, next, START } from './lex.ts';
import type { Vocabulary } from './vocabulary.ts';

/** As moat fmt does it. */
const INDENT = '    ';

const TAGS: Readonly<Partial<Record<Kind, string>>> = {
  comment: 'comment',
  number: 'number',
  parameter: 'attributeName',
  text: 'string',
  variable: 'variableName',
  sign: 'punctuation',
};

interface Held {
  now: Lexing;
}

/** A name that means nothing where it stands has no colour: what is written wrongly looks so before anybody complains. */
export function languageOf(vocabulary: Vocabulary, roots: readonly string[]): LanguageSupport {
  const tagOf = (name: string, { blocks }: Lexing): string | null => {
    const entry = vocabulary.find(vocabulary.inside(roots, blocks), name);
    return entry ? (entry.block === undefined ? 'keyword' : 'controlKeyword') : null;
  };
  const parser: StreamParser<Held> = {
    name: 'moat',
    startState: () => ({ now: START }),
    copyState: ({ now }) => ({ now }),
    blankLine: state => {
      state.now = endLine(state.now);
    },
    token(stream, state) {
      if (stream.sol()) state.now = endLine(state.now);
      const from = stream.pos;
      const before = state.now;
      const piece = next(stream.string, from, before);
      stream.pos = piece.to;
      state.now = piece.state;
      if (piece.kind !== 'name') return TAGS[piece.kind] ?? null;
      return before.word === '' ? tagOf(piece.state.word, before) : null;
    },
    indent({ now }, textAfter, context) {
      const { blocks, words } = endLine(now);
      const depth = blocks.length - (/^\s*\}/.test(textAfter) ? 1 : 0) + (words.length > 0 ? 1 : 0);
      return Math.max(0, depth) * context.unit;
    },
    languageData: {
      ...{ commentTokens: { line: '#' }, indentOnInput: /^\s*\}$/ },
      closeBrackets: { brackets: ['{', '"'] },
    },
  };
  return new LanguageSupport(StreamLanguage.define(parser), indentUnit.of(INDENT));
}
