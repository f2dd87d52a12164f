/** The first of several variables that is not empty. */
import type { Exchange } from '../../exchange.ts';
import type { Text } from '../../variable/space.ts';

/** @returns '' when all are empty */
export function firstOf(texts: readonly Text[], exchange: Exchange): string {
  for (const text of texts) {
    const value = text(exchange);
    if (value !== '') return value;
  }
  return '';
}
