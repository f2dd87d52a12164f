/** Routes of the configuration. */
import { z } from 'zod';
import { defineRoute } from './route.ts';

const AT = '/api/v1/config' as const;
const MOST_TEXT_BYTES = 1 << 20;

const config = defineRoute({
  ...{ method: 'GET', path: AT, role: 'admin', scope: 'config' },
  summary: 'The configuration in force: its files as they were read. Secrets that stand in them are hidden.',
  reply: z.strictObject({
    revision: z.int(),
    appliedAtMs: z.number(),
    file: z.string().describe('The main file.'),
    texts: z.array(z.strictObject({ path: z.string(), text: z.string() })),
  }),
  async handle({ desk }) {
    const body = await desk.read('config', undefined);
    return { body, state: { revision: body.revision, appliedAtMs: body.appliedAtMs } };
  },
});

const validate = defineRoute({
  ...{ method: 'POST', path: `${AT}/validate`, role: 'admin', scope: 'config' },
  summary:
    'Checks a text in the place of the main file, as moat check does; nothing changes. What it includes has to lie beside the main file, or below.',
  bodyLimitBytes: 2 * MOST_TEXT_BYTES,
  body: z.strictObject({ text: z.string().max(MOST_TEXT_BYTES) }),
  reply: z.strictObject({
    sound: z.boolean(),
    diagnostics: z.array(
      z.looseObject({
        severity: z.enum(['error', 'warning']),
        code: z.string(),
        message: z.string(),
        hint: z.string().optional(),
        file: z.string(),
        line: z.int(),
        column: z.int(),
        length: z.int(),
      }),
    ),
  }),
  handle: async ({ desk, body }) => ({
    body: await desk.read('validate', body.text),
  }),
});

export const CONFIG = [config, validate];
