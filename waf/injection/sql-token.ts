/** A token of SQL as the detector sees it, and the types that tokens have: a bit each, so that a set of them is a number. */

/** One letter per type, as fingerprints spell it. */
const LETTERS = 'kUBEtfn1vso&cA(){}.,:;T?X\\';

/** The types that these letters spell. */
export function typesOf(letters: string): number {
  let types = 0;
  for (const letter of letters) types |= 1 << LETTERS.indexOf(letter);
  return types;
}

/** A row of at most five types as a number, the first one above all others; what counts there as one type is one. */
export function rowOf(tokens: readonly Token[], count: number): number {
  let row = 0;
  for (let at = 0; at < count; at++) row = row * 32 + digitOf(tokens[at]!.type);
  return row;
}

/** In fingerprints, which are in upper case, `t` and `T` are one. */
const digitOf = (type: number): number => 32 - Math.clz32(type === TYPE.sqlType ? TYPE.transactSql : type);

/** The number that letters, in either case, are as a row. */
export function rowNumber(letters: string): number {
  let row = 0;
  for (let at = 0; at < letters.length; at++) row = row * 32 + DIGITS[letters.charCodeAt(at)]!;
  return row;
}

/** The letters of the types of these tokens. */
export const fingerprintOf = (tokens: readonly Token[]): string =>
  tokens.map(({ type }) => LETTERS[31 - Math.clz32(type)]!).join('');

export const TYPE = {
  keyword: typesOf('k'),
  union: typesOf('U'),
  group: typesOf('B'),
  expression: typesOf('E'),
  sqlType: typesOf('t'),
  function: typesOf('f'),
  bareword: typesOf('n'),
  number: typesOf('1'),
  variable: typesOf('v'),
  string: typesOf('s'),
  operator: typesOf('o'),
  logicOperator: typesOf('&'),
  comment: typesOf('c'),
  collate: typesOf('A'),
  leftParenthesis: typesOf('('),
  rightParenthesis: typesOf(')'),
  leftBrace: typesOf('{'),
  rightBrace: typesOf('}'),
  dot: typesOf('.'),
  comma: typesOf(','),
  colon: typesOf(':'),
  semicolon: typesOf(';'),
  transactSql: typesOf('T'),
  unknown: typesOf('?'),
  /** What no two databases read alike: always an attack. */
  evil: typesOf('X'),
  backslash: typesOf('\\'),
} as const;

/** By letter, in either case: what it is in a row; thousands of rows are made at start. Shape [128]. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, byte) => {
  const letter = String.fromCharCode(byte);
  const known = [letter, letter.toLowerCase(), letter.toUpperCase()].find(each => LETTERS.includes(each));
  return known === undefined ? 0 : digitOf(typesOf(known));
});

/** No word or phrase of SQL that matters is longer. */
export const VALUE_LIMIT = 31;

/** Part of a text; its own text is made when somebody asks for it, which for most tokens nobody does. */
export class Token {
  type: number;
  readonly source: string;
  readonly from: number;
  /** Bytes, at most `VALUE_LIMIT`. */
  readonly length: number;
  /** The quote that opened a string, '' when the input was taken to begin inside of one. */
  readonly opened: string;
  /** The quote that closed it, '' when none did. */
  readonly closed: string;

  constructor(type: number, source: string, from: number, to: number, opened = '', closed = '') {
    this.type = type;
    this.source = source;
    this.from = from;
    this.length = Math.min(to - from, VALUE_LIMIT);
    this.opened = opened;
    this.closed = closed;
  }

  /** At most `VALUE_LIMIT` bytes of it. */
  get value(): string {
    return this.source.slice(this.from, this.from + this.length);
  }

  copy(): Token {
    return new Token(this.type, this.source, this.from, this.from + this.length, this.opened, this.closed);
  }

  /** The byte at a place that is in it; NaN behind the end of the source. */
  codeAt(at: number): number {
    return this.source.charCodeAt(this.from + at);
  }
}

/** A token of a text of its own. */
export const token = (type: number, value: string, opened = '', closed = ''): Token =>
  new Token(type, value, 0, value.length, opened, closed);

/** By byte: ASCII letters in upper case. Shape [256]. */
export const UPPER: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 97 && byte <= 122 ? byte - 32 : byte,
);

/** @param word in upper case */
export function isWord({ source, from, length }: Token, word: string): boolean {
  if (length !== word.length) return false;
  for (let at = 0; at < length; at++)
    if (UPPER[source.charCodeAt(from + at) & 255] !== word.charCodeAt(at)) return false;
  return true;
}

/** `*`, `/`, `+`, `%` or `-`. */
export const isArithmetic = (one: Token): boolean =>
  one.type === TYPE.operator && one.length === 1 && '*/+%-'.includes(one.value);

const [BANG, PLUS, MINUS, TILDE] = [33, 43, 45, 126];

export function isUnary(one: Token): boolean {
  if (one.type !== TYPE.operator) return false;
  if (one.length > 1) return isWord(one, '!!') || isWord(one, 'NOT');
  const code = one.codeAt(0);
  return code === PLUS || code === MINUS || code === BANG || code === TILDE;
}
