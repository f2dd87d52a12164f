/** The types of arguments that directives are made of; each says what it takes and reads one word of the file. */
import { suggest } from '#kit/suggest.ts';
import { parseDurationMs, parseSizeBytes } from '#kit/units.ts';
import type { Pattern, Template } from '#model/template.ts';
import type { Site, Token } from './lex.ts';
import type { Scope } from './scope.ts';
import { sizeHint, switchHint, timeHint } from './spelling.ts';

/** A word that does not fit; the checker adds the place and the directive. */
export class ArgumentFault extends Error {
  readonly hint: string | undefined;
  /** Where it stands, when that is not the first word of the line. */
  readonly site: Site | undefined;
  constructor(message: string, hint?: string, site?: Site) {
    super(message);
    this.hint = hint;
    this.site = site;
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

/** Reads one word. @throws {ArgumentFault} when it does not fit */
type Read<W> = (text: string, reading: Reading) => W;

/** @typeParam T what `compile` is given: the value of the word, or for `rest` the list of them */
export class Argument<T> {
  /** Carries the type for `ArgumentValues`; there is no such field at run time. */
  declare readonly gives: T;
  /** What it takes, for messages and the manual: `a size`, `on or off`. */
  readonly says: string;
  readonly standing: Standing;
  readonly read: Read<unknown>;
  /** For `rest`: how many at least. */
  readonly least: number;
  /** What stands there is for nobody's eyes, unless it is a path (`file:`). */
  readonly isSecret: boolean;

  constructor(
    says: string,
    read: Read<unknown>,
    standing: Standing = 'one',
    least = 0,
    isSecret: boolean = false,
  ) {
    this.says = says;
    this.read = read;
    this.standing = standing;
    this.least = least;
    this.isSecret = isSecret;
  }

  optional(): Argument<T | undefined> {
    return new Argument<T | undefined>(this.says, this.read, 'optional');
  }

  /** `name=value`, where name is the key of this argument in the definition (`max_fails` for key `max_fails`). */
  param(): Argument<T | undefined> {
    return new Argument<T | undefined>(this.says, this.read, 'param');
  }

  /** Has the API and the console hide it; said last. */
  secret(): Argument<T> {
    return new Argument<T>(this.says, this.read, this.standing, this.least, true);
  }

  /** All words that are left, at least `least`. */
  rest(least = 1): Argument<readonly T[]> {
    return new Argument<readonly T[]>(this.says, this.read, 'rest', least);
  }
}

export type ArgumentSpec = Readonly<Record<string, Argument<unknown>>>;
export type ArgumentValues<A extends ArgumentSpec> = { readonly [K in keyof A]: A[K]['gives'] };

const make = <T>(says: string, read: Read<T>) => new Argument<T>(says, read);

/** Reads `on` and `off`; nginx takes either case. */
const flag = () =>
  make('on or off', text => {
    const word = text.toLowerCase();
    if (word === 'on' || word === 'off') return word === 'on';
    throw new ArgumentFault(`"${text}" is neither on nor off`, switchHint(text));
  });

const size = () =>
  make('a size', text => {
    const bytes = parseSizeBytes(text);
    if (bytes === undefined) throw new ArgumentFault(`"${text}" is not a size`, sizeHint(text));
    return bytes;
  });

const durationMs = (bareUnitMs = 1000) =>
  make('a time', text => {
    const ms = parseDurationMs(text, bareUnitMs);
    if (ms === undefined) throw new ArgumentFault(`"${text}" is not a time`, timeHint(text));
    return ms;
  });

const integer = ({ min = 0, max = Number.MAX_SAFE_INTEGER } = {}) =>
  make(max === Number.MAX_SAFE_INTEGER ? 'a number' : `a number from ${min} to ${max}`, text => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) throw new ArgumentFault(`"${text}" is not a number`);
    if (value < min || value > max)
      throw new ArgumentFault(
        `${text} is out of range`,
        max === Number.MAX_SAFE_INTEGER ? `take ${min} or more` : `take ${min} to ${max}`,
      );
    return value;
  });

/** One of some words; nginx takes either case, the value is as in `words`. */
const oneOf = <const W extends readonly string[]>(words: W) =>
  make(words.join(' | '), (text): W[number] => {
    const lower = text.toLowerCase();
    const found = words.find(word => word === text || word.toLowerCase() === lower);
    if (found === undefined) {
      const near = suggest(
        text,
        words.filter(word => /^[a-z]{3}/i.test(word)),
      );
      throw new ArgumentFault(
        `"${text}" is not one of ${words.join(', ')}`,
        near === undefined ? undefined : `did you mean "${near}"?`,
      );
    }
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
