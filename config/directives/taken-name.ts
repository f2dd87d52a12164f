/** Names that are there once. */
import { ArgumentFault } from '../argument.ts';
import type { Site, Token } from '../lex.ts';

/** @throws {ArgumentFault} when another one has the name */
export function refuseTaken(
  name: Token,
  kind: string,
  others: readonly { readonly name: string; readonly site: Site }[],
): void {
  const twin = others.find(other => other.name === name.text);
  if (!twin) return;
  const message = `the ${kind} "${name.text}" stands on line ${twin.site.line} already`;
  throw new ArgumentFault(message, 'take another name', name);
}
