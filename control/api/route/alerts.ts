/** Routes of alerts. */
import { z } from 'zod';
import { SEVERITIES } from '#model/api.ts';
import { etagOf, holdAgainst } from '../etag.ts';
import { defineRoute, word } from './route.ts';

const AT = '/api/v1/alerts' as const;
const MOST_SILENCE_S = 30 * 24 * 3600;

const ALERT = z.strictObject({
  id: z.string(),
  rule: z.string(),
  metric: z.string(),
  severity: z.enum(SEVERITIES),
  side: z.enum(['above', 'below']).describe('Where it is bad: above the bound, or below it.'),
  bound: z.number(),
  value: z.number().describe('The last one that was seen.'),
  raisedMs: z.number(),
  resolvedMs: z.number().optional().describe('Absent: it is not over.'),
  silenced: z.boolean().describe('Whether nobody was told.'),
});

const SILENCE = z.strictObject({
  id: z.string(),
  rule: z.string().optional().describe('Absent: of all rules.'),
  metric: z.string().optional(),
  untilMs: z.number(),
  who: z.string(),
  comment: z.string(),
});

const list = defineRoute({
  ...{ method: 'GET', path: AT, role: 'viewer', scope: 'alerts' },
  summary: 'Alerts that are raised, and the last 256 that are over; the newest first.',
  reply: z.strictObject({ raised: z.array(ALERT), past: z.array(ALERT) }),
  handle: async ({ alerts }) => ({ body: { raised: alerts.raised, past: alerts.past } }),
});

const rules = defineRoute({
  ...{ method: 'GET', path: `${AT}/rules`, role: 'viewer', scope: 'alerts' },
  summary: 'Rules in force: those of the configuration, and the default ones.',
  reply: z.strictObject({
    items: z.array(
      z.strictObject({
        name: z.string(),
        metric: z.string(),
        side: z.enum(['above', 'below']),
        bound: z.number(),
        clear: z.number(),
        forMs: z.number(),
        severity: z.enum(SEVERITIES),
      }),
    ),
  }),
  handle: async ({ alerts }) => ({ body: { items: alerts.rules } }),
});

const channels = defineRoute({
  ...{ method: 'GET', path: `${AT}/channels`, role: 'operator', scope: 'alerts' },
  summary: 'Whom alerts are told, and how the last try went.',
  reply: z.strictObject({
    items: z.array(
      z.strictObject({
        channel: z.string(),
        host: z.string(),
        sent: z.int(),
        lost: z.int(),
        fault: z.string().optional(),
      }),
    ),
  }),
  handle: async ({ channels }) => ({ body: { items: channels() } }),
});

const silences = defineRoute({
  ...{ method: 'GET', path: `${AT}/silences`, role: 'viewer', scope: 'alerts' },
  summary: 'What nobody wants to hear of for a while.',
  reply: z.strictObject({ items: z.array(SILENCE) }),
  async handle({ alerts }) {
    const items = alerts.silences(Date.now());
    return { body: { items }, state: items };
  },
});

const silence = defineRoute({
  ...{ method: 'POST', path: `${AT}/silences`, role: 'operator', scope: 'alerts', changes: true },
  summary: 'Alerts that are raised from now on are shown, and told nobody.',
  body: z.strictObject({
    rule: word(64).optional(),
    metric: word(500).optional(),
    lengthS: z.int().min(1).max(MOST_SILENCE_S),
    comment: word(200).default('-'),
  }),
  ...{ reply: SILENCE, status: 201 },
  async handle({ alerts, desk, asker, body: { lengthS, ...wish } }) {
    const nowMs = Date.now();
    holdAgainst(asker.ifMatch, etagOf(alerts.silences(nowMs)));
    await desk.note('silence', { ...wish, lengthS }, asker);
    const { rule, metric, comment } = wish;
    const body = alerts.silence(
      { rule, metric, comment, who: asker.who, untilMs: nowMs + lengthS * 1000 },
      nowMs,
    );
    return { body, state: body };
  },
});

const end = defineRoute({
  ...{ method: 'DELETE', path: `${AT}/silences/{id}`, role: 'operator', scope: 'alerts', changes: true },
  summary: 'Ends a silence.',
  params: z.strictObject({ id: word(12) }),
  ...{ reply: z.null(), status: 204 },
  async handle({ alerts, desk, asker, params: { id } }) {
    const nowMs = Date.now();
    holdAgainst(asker.ifMatch, etagOf(alerts.silenceOf(id, nowMs)));
    await desk.note('silence-end', { id }, asker);
    alerts.endSilence(id, nowMs);
    return {};
  },
});

export const ALERTS = [list, rules, channels, silences, silence, end];
