/** A value with variables in it, as the planes receive it. */

/** The name of a variable, lower case, without `$`; '1'..'9' are captures of the last regex. */
export interface VariableRef {
  readonly variable: string;
}

/** A plain string has no variables; parts are joined in order. Strings are latin1: one char a byte. */
export type Template = string | readonly (string | VariableRef)[];

/** A regular expression in JavaScript's syntax, translated from PCRE at load (kit/pcre.ts). */
export interface Pattern {
  readonly source: string;
  /** '' or 'i'. */
  readonly flags: string;
  /** Names of the named groups: each becomes a variable when the pattern matches. */
  readonly names: readonly string[];
  /** Present when `source` has more groups than the original: compile the pattern with `regexOf` of kit/pcre.ts. */
  readonly groups?: readonly number[];
}
