/** Routes of the audit log. */
import { z } from 'zod';
import { cursorOf, keyOfCursor, PAGE, pageOf } from '../page.ts';
import { defineRoute } from './route.ts';

const audit = defineRoute({
  ...{ method: 'GET', path: '/api/v1/audit', role: 'admin', scope: 'audit' },
  summary: 'Who has changed what, the newest first.',
  query: z.strictObject(PAGE),
  reply: pageOf(
    z.looseObject({
      id: z.string(),
      at: z.string(),
      who: z.string(),
      from: z.string().optional(),
      what: z.string(),
    }),
  ),
  async handle({ desk, query: { limit, cursor } }) {
    const found = await desk.read('audit', { limit: limit + 1, before: keyOfCursor(cursor) });
    const items = found.slice(0, limit);
    return { body: { items, next: found.length > limit ? cursorOf(items.at(-1)!.id) : undefined } };
  },
});

export const AUDIT = [audit];
