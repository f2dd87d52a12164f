/** Cuts a value into tokens of SQL, the way that no single database does but all of them together may. */
import { readDash, readHash, readSlash } from './sql-comments.ts';
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
import { Token, TYPE, typesOf } from './sql-token.ts';
import { readBracketed, readTicked, readVariable, readWord } from './sql-word.ts';
import { wordType } from './word-table.ts';

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

const skip: Reader = input => {
  input.at++;
  return undefined;
};

/** The byte at the cursor is a token. */
const readAs =
  (type: number): Reader =>
  input =>
    new Token(type, input.value, input.at, ++input.at);
const readOperator = readAs(TYPE.operator);
const readUnknown = readAs(TYPE.unknown);
const readColon = readAs(TYPE.colon);
const readOneBackslash = readAs(TYPE.backslash);

/** Bytes that begin longer operators. */
const LONG = '!&*:<=>|';
/** By such a byte, and the one after it: the type of the operator of both; 0 when that is none. Shape [8][256]. */
const TYPES_OF_TWO = Array.from(LONG, first =>
  Int32Array.from({ length: 256 }, (_, byte) => wordType(first + String.fromCharCode(byte), 0, 2)),
);

/** Operators of up to three characters that begin with `first`; a lone colon is none. */
function readLong(first: string): Reader {
  const types = TYPES_OF_TWO[LONG.indexOf(first)]!;
  const readShort = first === ':' ? readColon : readOperator;
  return input => {
    const { value, at } = input;
    if (at + 1 >= value.length) return readOperator(input);
    if (first === '<' && value.startsWith('=>', at + 1))
      return new Token(TYPE.operator, value, at, (input.at += 3));
    const type = types[value.charCodeAt(at + 1) & 255]!;
    return type === 0 ? readShort(input) : new Token(type, value, at, (input.at += 2));
  };
}

/** MySQL's `\N` is NULL. */
const readBackslash: Reader = input => {
  if (input.value[input.at + 1] !== 'N') return readOneBackslash(input);
  return new Token(TYPE.number, input.value, input.at, (input.at += 2));
};

const READERS_BY_BYTES: readonly (readonly [string, Reader])[] = [
  ...Array.from(LONG, first => [first, readLong(first)] as const),
  ['\'"', readQuoted],
  ['#', readHash],
  ['$', readMoney],
  ['%+^~', readOperator],
  ...Array.from('(),;{}', byte => [byte, readAs(typesOf(byte))] as const),
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
    const { value } = this;
    if (value === '') return undefined;
    if (this.at === 0 && this.#context !== '') return readSimulated(this, this.#context);
    while (this.at < value.length) {
      const found = READERS[value.charCodeAt(this.at) & 255]!(this);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
