/** The types of arguments that directives are made of; each says what it takes and reads one word of the file. */
import { parseDurationMs, parseSizeBytes } from '#kit/units.ts';
import type { Pattern, Template } from '#model/template.ts';
import type { Token } from './lex.ts';
import type { Scope } from './scope.ts';

/** A word that does not fit; the checker adds the place and the directive. */
export class ArgumentFault extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

export interface Reading {
  readonly token: Token;
  readonly scope: Scope;
}

/**
 * How an argument stands in the line: `one` in its place; `optional` in its place, at the end; `rest` takes all
 * that are left; `param` is `name=value` anywhere; `word` is the bare name itself, anywhere.
 */
export type Standing = 'one' | 'optional' | 'rest' | 'param' | 'word';

export class Argument<T> {
  /** What it takes, for messages and the manual: `a size`, `on or off`. */
  readonly says: string;
  readonly standing: Standing;
  readonly read: (text: string, reading: Reading) => T;
  /** For `rest`: how many at least. */
  readonly least: number;

  constructor(
    says: string,
    read: (text: string, reading: Reading) => T,
    standing: Standing = 'one',
    least = 0,
  ) {
    this.says = says;
    this.read = read;
    this.standing = standing;
    this.least = least;
  }

  optional(): Argument<T | undefined> {
    return new Argument<T | undefined>(this.says, this.read, 'optional');
  }

  /** `name=value`, where name is the key of this argument in the definition (`max_fails` for key `max_fails`). */
  param(): Argument<T | undefined> {
    return new Argument<T | undefined>(this.says, this.read, 'param');
  }

  /** All words that are left, at least `least`. The definition's type is the list. */
  rest(least = 1): Argument<readonly T[]> {
    // The checker reads word by word and makes the list; only the type changes here.
    return new Argument(this.says, this.read as never, 'rest', least);
  }
}

export type ArgumentSpec = Readonly<Record<string, Argument<never> | Argument<unknown>>>;
export type ArgumentValues<A> = { readonly [K in keyof A]: A[K] extends Argument<infer T> ? T : never };

const make = <T>(says: string, read: (text: string, reading: Reading) => T) => new Argument(says, read);

/** Reads `on` and `off`. */
const flag = () =>
  make('on or off', text => {
    if (text === 'on' || text === 'off') return text === 'on';
    throw new ArgumentFault(`"${text}" is neither on nor off`);
  });

const size = () =>
  make('a size', text => {
    const bytes = parseSizeBytes(text);
    if (bytes === undefined)
      throw new ArgumentFault(`"${text}" is not a size`, 'write bytes, or a number with k, m or g');
    return bytes;
  });

const durationMs = (bareUnitMs = 1000) =>
  make('a time', text => {
    const ms = parseDurationMs(text, bareUnitMs);
    if (ms === undefined)
      throw new ArgumentFault(`"${text}" is not a time`, 'write seconds, or units as in 1h30m or 500ms');
    return ms;
  });

const integer = ({ min = 0, max = Number.MAX_SAFE_INTEGER } = {}) =>
  make(max === Number.MAX_SAFE_INTEGER ? 'a number' : `a number from ${min} to ${max}`, text => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) throw new ArgumentFault(`"${text}" is not a number`);
    if (value < min || value > max)
      throw new ArgumentFault(`${text} is out of range`, `take ${min} to ${max}`);
    return value;
  });

const oneOf = <const W extends readonly string[]>(words: W) =>
  make(words.join(' | '), (text): W[number] => {
    const found = words.find(word => word === text);
    if (found === undefined) throw new ArgumentFault(`"${text}" is not one of ${words.join(', ')}`);
    return found;
  });

const text = (says = 'a text') => make(says, value => value);

/** A text with variables. */
const template = (says = 'a text with variables') =>
  make(says, (_, { token, scope }): Template => scope.template(token.text, token));

/** A regular expression; its named groups become variables. */
const pattern = (ignoreCase = false) =>
  make('a regular expression', (value, { token, scope }): Pattern => scope.pattern(value, ignoreCase, token));

/** The word itself: true where it stands. */
const word = (): Argument<boolean | undefined> => new Argument<boolean | undefined>('', () => true, 'word');

/** The word itself with its place, for directives that look closer at it. */
const token = (says = 'a text') => make(says, (_, reading) => reading.token);

export const arg = { flag, size, durationMs, integer, oneOf, text, template, pattern, word, token };
