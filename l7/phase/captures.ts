/** What a regular expression caught, for `$1` and for variables of named groups. */
import type { Exchange } from '../exchange.ts';

/** @param names the pattern's named groups, as written */
export function rememberCaptures(exchange: Exchange, match: RegExpExecArray, names: readonly string[]): void {
  exchange.captures = match;
  for (const name of names) {
    exchange.slots[exchange.tables.variables.slot(name.toLowerCase())] = match.groups?.[name];
  }
}
