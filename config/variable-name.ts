/** Reads `$name` where a directive takes the name of one variable. */
import { ArgumentFault } from './argument.ts';
import type { Token } from './lex.ts';
import type { Scope } from './scope.ts';

/** The name, lower case, of a variable that is read. @throws {ArgumentFault} when it is none; `$1` is a capture, no variable */
export function variableName(token: Token, scope: Scope): string {
  const name = newVariableName(token);
  scope.use(name, token);
  return name;
}

/** The name, lower case, of a variable that a directive makes. @throws {ArgumentFault} */
export function newVariableName(token: Token): string {
  const name = /^\$(\w+)$/.exec(token.text)?.[1];
  if (name === undefined)
    throw new ArgumentFault(
      `invalid variable name "${token.text}"`,
      'write "$" and letters, digits or "_"',
      token,
    );
  if (/^[1-9]$/.test(name))
    throw new ArgumentFault(`"$${name}" is a capture, not a variable`, 'copy it with set first', token);
  return name.toLowerCase();
}
