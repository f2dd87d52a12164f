/** Perl-compatible regular expressions, as nginx writes them, in JavaScript's syntax. */
import { bearsFolding, emitPattern } from './pcre/emit.ts';
import { parsePattern } from './pcre/parse.ts';

export { PatternFault } from './pcre/syntax.ts';

/** A JavaScript pattern: works on latin1 strings, one char a byte, without the flag `u`. */
export interface Translated {
  readonly source: string;
  readonly flags: '' | 'i';
  readonly names: readonly string[];
  /**
   * Present when groups had to be added: PCRE's number of each group, less one → its number in `source`.
   * `regexOf` makes an expression whose matches count as PCRE does.
   */
  readonly groups?: readonly number[];
}

/**
 * Translates a pattern as PCRE2 reads it in nginx: without UTF mode, a newline is LF. What cannot be said in JavaScript
 * is refused: recursion, conditions, verbs, callouts, `\K`, Unicode properties, references to groups that may not have
 * matched. Atomic groups and possessive quantifiers become a lookahead with a reference.
 *
 * Left as JavaScript does it: a group inside a repetition forgets its match at each turn.
 *
 * @param ignoreCase whether the directive asked for it (`~*`)
 * @throws {PatternFault} when the pattern is malformed or has no counterpart
 */
export function translatePattern(pcre: string, ignoreCase = false): Translated {
  const { branches, names } = parsePattern(pcre, { ignoreCase });
  const folds = ignoreCase || /\(\?\^?[a-zA-Z]*i/.test(pcre);
  const flags = folds && bearsFolding(branches) ? 'i' : '';
  const { source, groups } = emitPattern(branches, flags === 'i');
  return { source, flags, names, ...(groups && { groups }) };
}

/** Compiles a translated pattern. Its matches have the groups of the original at their numbers, and no others. */
export function regexOf(pattern: {
  readonly source: string;
  readonly flags: string;
  readonly groups?: readonly number[];
}): RegExp {
  const { source, flags, groups } = pattern;
  return groups ? new Renumbered(source, flags, groups) : new RegExp(source, flags);
}

/** An expression with added groups, which nobody is to see. */
class Renumbered extends RegExp {
  readonly #groups: readonly number[];

  constructor(source: string, flags: string, groups: readonly number[]) {
    super(source, flags);
    this.#groups = groups;
  }

  override exec(text: string): RegExpExecArray | null {
    const match = super.exec(text);
    if (!match) return null;
    const kept = this.#groups.map(group => match[group]!);
    match.splice(1, match.length, ...kept);
    return match;
  }
}
