/** A pattern as a tree. */
import type { ByteSet } from './byte-set.ts';

/** The pattern is malformed, or says what is not supported. */
export class PatternFault extends Error {
  /** How far the pattern had been read, in bytes; undefined when the fault is none of a single place. */
  offset: number | undefined;
}

export type Branch = readonly Item[];

export type Item =
  /** One byte of a set; a literal is a set of one, or of two when case does not matter. */
  | { readonly kind: 'set'; readonly set: ByteSet }
  /** A place between bytes. */
  | { readonly kind: 'place'; readonly place: Place }
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

/**
 * `lineStart` is not behind a newline that ends the text; `lastLineEnd` is the end, or before a newline that ends the text.
 */
export type Place =
  | 'start'
  | 'lineStart'
  | 'end'
  | 'lineEnd'
  | 'lastLineEnd'
  | 'wordBoundary'
  | 'notWordBoundary';

export type Look = '(?=' | '(?!' | '(?<=' | '(?<!';

/** What `(?imsxnU)` switches. */
export interface Options {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
  /** PCRE2_DOLLAR_ENDONLY: without `m`, `$` is the very end. */
  readonly dollarEndOnly: boolean;
  readonly extended: boolean;
  /** `(?xx)`: blanks in classes are ignored too. */
  readonly extendedMore: boolean;
  /** `(?U)`: quantifiers are lazy unless `?` follows. */
  readonly ungreedy: boolean;
  /** `(?n)`: plain parentheses capture nothing. */
  readonly noCapture: boolean;
}
