/** Routes of what metrics were. */
import { z } from 'zod';
import { notThere, refuse } from '../refusal.ts';
import { defineRoute } from './route.ts';

const AT = '/api/v1/metrics' as const;
const HOUR_S = 3600;
const MOST_NAMES = 8;

const names = defineRoute({
  ...{ method: 'GET', path: AT, role: 'viewer', scope: 'metrics' },
  summary: 'Names of the metrics that have a history: an hour by the second, 30 days by the minute.',
  reply: z.strictObject({
    items: z.array(z.string()),
    dropped: z.int().describe('Metrics that found no place, since the start.'),
  }),
  handle: async ({ history }) => ({ body: { items: history.names(), dropped: history.dropped } }),
});

const seconds = z.coerce.number().int();

const range = defineRoute({
  ...{ method: 'GET', path: `${AT}/range`, role: 'viewer', scope: 'metrics' },
  summary:
    'Curves of metrics. By the second where the range begins within the last hour, else by the minute.',
  query: z.strictObject({
    name: z
      .string()
      .min(1)
      .max(4096)
      .describe('A name as GET /api/v1/metrics has it; up to eight, with line feeds between.'),
    since: seconds.default(-HOUR_S).describe('Second of 1970; below 0: so long ago.'),
    until: seconds.optional().describe('Second of 1970; absent: now.'),
    step: seconds
      .min(1)
      .max(24 * HOUR_S)
      .default(1)
      .describe('Seconds between points, at least.'),
  }),
  reply: z.strictObject({
    items: z.array(
      z.strictObject({
        name: z.string(),
        stepS: z.int(),
        points: z
          .array(z.tuple([z.int(), z.number(), z.number()]))
          .describe('Second of 1970, mean, most. Where nothing is known there is none.'),
      }),
    ),
  }),
  async handle({ history, query: { name, since, until, step } }) {
    const nowS = Math.floor(Date.now() / 1000);
    const sinceS = since < 0 ? nowS + since : since;
    const untilS = Math.min(until ?? nowS + 1, nowS + 1);
    if (untilS <= sinceS) throw refuse(400, 'invalid', 'the range ends before it begins');
    const wanted = name.split('\n');
    if (wanted.length > MOST_NAMES) throw refuse(400, 'invalid', `take at most ${MOST_NAMES} names`);
    const items = wanted.map(one => {
      const curve = history.curve(one, { sinceS, untilS, stepS: step });
      if (!curve) throw notThere(`there is no metric "${one}"`);
      return { name: one, ...curve };
    });
    return { body: { items } };
  },
});

export const METRICS = [names, range];
