/** Sizes that may stand in a variable. */
import { parseSizeBytes } from '#kit/units.ts';
import type { Template } from '#model/template.ts';
import { ArgumentFault } from '../argument.ts';
import type { Token } from '../lex.ts';
import type { Scope } from '../scope.ts';
import { sizeHint } from '../spelling.ts';

/** A number of bytes, or a text that is read as a size in each request. @throws {ArgumentFault} */
export function sizeText(token: Token, scope: Scope): Template | number {
  const template = scope.template(token.text, token);
  if (typeof template !== 'string') return template;
  const bytes = parseSizeBytes(template);
  if (bytes === undefined) throw new ArgumentFault(`"${template}" is not a size`, sizeHint(template), token);
  return bytes;
}
