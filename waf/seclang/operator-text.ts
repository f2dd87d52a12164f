/** The operator of a rule, as text: `"!@rx ^a"`, `"@detectSQLi"`, `"^a"`. */

export interface OperatorText {
  /** As written, without the `@`. */
  readonly name: string;
  readonly negated: boolean;
  readonly argument: string;
}

/**
 * A text without `@` is a pattern of `@rx`.
 *
 * ModSecurity 2 halves backslashes before the pattern is read, 3 does not, and rules for both write four of them for a
 * literal one. So four become two here: a rule for 3 that wants two in a row then matches one as well, and misses none.
 */
export function parseOperatorText(text: string): OperatorText {
  const trimmed = text.trimStart();
  const negated = trimmed.startsWith('!');
  const rest = negated ? trimmed.slice(1).trimStart() : trimmed;
  const named = /^@([a-zA-Z0-9_]+)(?:[ \t]+|$)/.exec(rest);
  const name = named?.[1] ?? 'rx';
  const argument = named ? rest.slice(named[0].length) : negated ? rest : text;
  return { name, negated, argument: /^rx/i.test(name) ? argument.replaceAll('\\\\\\\\', '\\\\') : argument };
}
