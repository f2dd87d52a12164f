/** Cuts a value into tokens of SQL, the way that no single database does but all of them together may. */
import { readComment, readDash, readHash } from './sql-comments.ts';
import { readMoney, readNumber } from './sql-numbers.ts';
import {
  readBinary,
  readEscaped,
  readNational,
  readOracle,
  readQuoted,
  readSimulated,
  readUnicode,
} from './sql-strings.ts';
import { type Token, TYPE, token } from './sql-token.ts';
import { readBracketed, readTicked, readVariable, readWord } from './sql-word.ts';
import { SQL_WORDS } from './sql-words.ts';

/** Whose comments count: ANSI ends a line with `--`, MySQL with `#` too. */
export type Dialect = 'ansi' | 'mysql';

/** The quote that the value is taken to stand in, '' for none. */
export type Context = '' | "'" | '"';

/** What is read, and how far; `readX` functions move `at` and give a token, or nothing for what is skipped. */
export interface SqlInput {
  readonly value: string;
  readonly dialect: Dialect;
  at: number;
  /** `--` before something other than white space, or `#`, was seen: MySQL would read on differently. */
  isAmbiguous: boolean;
}

export type Reader = (input: SqlInput) => Token | undefined;

/** Gives the byte at the cursor as a token of `type`. */
export function readOne(input: SqlInput, type: string): Token {
  return token(type, input.value[input.at++]!);
}

const skip: Reader = input => {
  input.at++;
  return undefined;
};
const readOperator: Reader = input => readOne(input, TYPE.operator);
const readSelf: Reader = input => readOne(input, input.value[input.at]!);
const readUnknown: Reader = input => readOne(input, TYPE.unknown);

/** Operators of up to three characters; a lone colon is none. */
const readLongOperator: Reader = input => {
  const { value, at } = input;
  if (value.startsWith('<=>', at)) {
    input.at += 3;
    return token(TYPE.operator, '<=>');
  }
  const two = value.slice(at, at + 2);
  const type = two.length === 2 ? SQL_WORDS.get(two) : undefined;
  if (type === undefined)
    return readOne(input, value[at] === ':' && two.length === 2 ? TYPE.colon : TYPE.operator);
  input.at += 2;
  return token(type, two);
};

const readSlash: Reader = input =>
  input.value[input.at + 1] === '*' ? readComment(input) : readOperator(input);

/** MySQL's `\N` is NULL. */
const readBackslash: Reader = input => {
  if (input.value[input.at + 1] !== 'N') return readOne(input, TYPE.backslash);
  input.at += 2;
  return token(TYPE.number, '\\N');
};

const READERS_BY_BYTES: readonly (readonly [string, Reader])[] = [
  ['!&*:<=>|', readLongOperator],
  ['\'"', readQuoted],
  ['#', readHash],
  ['$', readMoney],
  ['%+^~', readOperator],
  ['(),;{}', readSelf],
  ['-', readDash],
  ['.0123456789', readNumber],
  ['/', readSlash],
  ['?]', readUnknown],
  ['@', readVariable],
  ['Bb', input => readBinary(input, /[01\0]*'/y)],
  ['Xx', input => readBinary(input, /[0-9A-Fa-f\0]*'/y)],
  ['Ee', readEscaped],
  ['Nn', readNational],
  ['Qq', input => readOracle(input, 0)],
  ['Uu', readUnicode],
  ['[', readBracketed],
  ['\\', readBackslash],
  ['`', readTicked],
  ['\x7f\xa0', skip],
];

/** Shape [256]: which reader a first byte calls. */
const READERS: readonly Reader[] = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return READERS_BY_BYTES.find(([bytes]) => bytes.includes(char))?.[1] ?? (byte <= 32 ? skip : readWord);
});

/** Reads tokens one by one; `count` counts them, comments too. */
export class SqlTokenizer implements SqlInput {
  readonly value: string;
  readonly dialect: Dialect;
  at = 0;
  isAmbiguous = false;
  count = 0;
  readonly #context: Context;

  constructor(value: string, dialect: Dialect, context: Context) {
    this.value = value;
    this.dialect = dialect;
    this.#context = context;
  }

  /** The next token, or undefined at the end. */
  next(): Token | undefined {
    const found = this.#read();
    if (found !== undefined) this.count++;
    return found;
  }

  #read(): Token | undefined {
    if (this.value === '') return undefined;
    if (this.at === 0 && this.#context !== '') return readSimulated(this, this.#context);
    while (this.at < this.value.length) {
      const found = READERS[this.value.charCodeAt(this.at)]!(this);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
