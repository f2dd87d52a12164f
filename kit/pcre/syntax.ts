/** A pattern as a tree. */
import type { ByteSet } from './byte-set.ts';

/** The pattern is malformed, or has no counterpart in JavaScript. */
export class PatternFault extends Error {}

export type Branch = readonly Item[];

export type Item =
  /** One byte of a set; a literal is a set of one, or of two when case does not matter. */
  | { readonly kind: 'set'; readonly set: ByteSet }
  /** A place between bytes, in JavaScript's syntax. */
  | { readonly kind: 'place'; readonly source: string }
  | {
      readonly kind: 'group';
      /** 1.. for capturing groups. */
      readonly index: number | undefined;
      readonly name: string | undefined;
      readonly branches: readonly Branch[];
    }
  /** Once matched it gives nothing back: `(?>...)`. */
  | { readonly kind: 'atomic'; readonly branches: readonly Branch[] }
  | { readonly kind: 'look'; readonly open: Look; readonly branches: readonly Branch[] }
  | { readonly kind: 'reference'; readonly group: number; readonly ignoreCase: boolean }
  | {
      readonly kind: 'repeat';
      readonly item: Item;
      readonly least: number;
      /** Infinity when there is no limit. */
      readonly most: number;
      readonly lazy: boolean;
    };

export type Look = '(?=' | '(?!' | '(?<=' | '(?<!';

/** What `(?imsxnU)` switches. */
export interface Options {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
  readonly extended: boolean;
  /** `(?xx)`: blanks in classes are ignored too. */
  readonly extendedMore: boolean;
  /** `(?U)`: quantifiers are lazy unless `?` follows. */
  readonly ungreedy: boolean;
  /** `(?n)`: plain parentheses capture nothing. */
  readonly noCapture: boolean;
}
