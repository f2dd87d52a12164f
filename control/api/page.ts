/** Lists, page by page: a cursor is where the last page ended, and means nothing to anybody else. */
import { z } from 'zod';
import { Refusal } from './refusal.ts';
import { word } from './route/route.ts';

export const MOST_ITEMS = 1000;
const DEFAULT_ITEMS = 100;

/** What a query of a list may say. */
export const PAGE = {
  limit: z.coerce.number().int().min(1).max(MOST_ITEMS).default(DEFAULT_ITEMS).describe('How many at most.'),
  cursor: word(1024).optional().describe('`next` of the page before; without it, the first page.'),
};

export const cursorOf = (key: string): string => Buffer.from(key).toString('base64url');

/** @throws {Refusal} 400 */
export function keyOfCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const key = Buffer.from(cursor, 'base64url').toString();
  if (key !== '' && cursorOf(key) === cursor) return key;
  const flaws = [{ at: 'cursor', message: 'no page has given this one' }];
  throw new Refusal({ status: 400, code: 'invalid', detail: 'the cursor is malformed', flaws });
}

/** The reply of a list. */
export const pageOf = (item: z.ZodType) =>
  z.strictObject({
    items: z.array(item),
    next: z.string().optional().describe('The cursor of the next page; absent on the last.'),
  });

/** Cuts a page out of a whole list. @param keyOf a text that no other item has, and that stays with the item */
export function pageFrom<T>(
  items: readonly T[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  keyOf: (item: T) => string,
) {
  const after = keyOfCursor(cursor);
  const keyed = items.map(item => ({ key: keyOf(item), item })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const rest = after === undefined ? keyed : keyed.filter(({ key }) => key > after);
  const shown = rest.slice(0, limit);
  const next = rest.length > limit ? cursorOf(shown.at(-1)!.key) : undefined;
  return { items: shown.map(({ item }) => item), next };
}
