/** A token of SQL as the detector sees it, and the types that tokens have. */

/** Types of tokens, as fingerprints spell them. */
export const TYPE = {
  keyword: 'k',
  union: 'U',
  group: 'B',
  expression: 'E',
  sqlType: 't',
  function: 'f',
  bareword: 'n',
  number: '1',
  variable: 'v',
  string: 's',
  operator: 'o',
  logicOperator: '&',
  comment: 'c',
  collate: 'A',
  leftParenthesis: '(',
  rightParenthesis: ')',
  leftBrace: '{',
  rightBrace: '}',
  dot: '.',
  comma: ',',
  colon: ':',
  semicolon: ';',
  transactSql: 'T',
  unknown: '?',
  /** What no two databases read alike: always an attack. */
  evil: 'X',
  backslash: '\\',
} as const;

export interface Token {
  type: string;
  /** At most `VALUE_LIMIT` bytes of it. */
  value: string;
  /** The quote that opened a string, '' when the input was taken to begin inside of one. */
  readonly opened: string;
  /** The quote that closed it, '' when none did. */
  readonly closed: string;
}

/** No word or phrase of SQL that matters is longer. */
export const VALUE_LIMIT = 31;

export const token = (type: string, value: string, opened = '', closed = ''): Token => ({
  type,
  value: value.length > VALUE_LIMIT ? value.slice(0, VALUE_LIMIT) : value,
  opened,
  closed,
});

/** ASCII upper case: `String.toUpperCase` would make `SS` of the byte 0xDF. */
export function upper(value: string): string {
  return /[\x80-\xff]/.test(value) ? value.replace(/[a-z]+/g, run => run.toUpperCase()) : value.toUpperCase();
}

export const isWord = ({ value }: Token, word: string): boolean =>
  value.length === word.length && upper(value) === word;

export const isArithmetic = ({ type, value }: Token): boolean =>
  type === TYPE.operator && /^[*/+%-]$/.test(value);

export const isUnary = ({ type, value }: Token): boolean =>
  type === TYPE.operator && (value.length === 1 ? '+!~-'.includes(value) : isLongUnary(value));

const isLongUnary = (value: string): boolean =>
  value === '!!' || (value.length === 3 && upper(value) === 'NOT');
