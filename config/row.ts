/** Lines of blocks that are no directives: of map, geo, split_clients. */

import { ArgumentFault } from './argument.ts';
import type { Token } from './lex.ts';
import type { Node } from './parse.ts';
import type { Body } from './registry.ts';
import type { Scope } from './scope.ts';

export interface Row {
  readonly key: Token;
  readonly values: readonly Token[];
}

/**
 * Hands each row to `read`; a row that does not fit is told, and the next one read.
 *
 * @param read throws an ArgumentFault for a row that does not fit
 */
export function readRows(body: Body, scope: Scope, directive: string, read: (row: Row) => void): void {
  for (const node of body.rows) {
    try {
      read(rowOf(node));
    } catch (error) {
      if (!(error instanceof ArgumentFault)) throw error;
      scope.faults.error('value', `${directive}: ${error.message}`, error.site ?? node.name, error.hint);
    }
  }
}

function rowOf({ name, args, block }: Node): Row {
  if (block) throw new ArgumentFault('no block can stand here', undefined, name);
  return { key: name, values: args };
}

/** The one value of a row. @throws {ArgumentFault} when there is none or more */
export function onlyValue({ key, values }: Row): Token {
  const [value, extra] = values;
  if (value && !extra) return value;
  throw new ArgumentFault(`"${key.text}" needs one value`, 'quote a value with blanks in it', extra ?? key);
}
