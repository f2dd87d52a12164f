/** Routes of the WAF: what it found, and who is banned. */
import { z } from 'zod';
import { cursorOf, keyOfCursor, PAGE, pageFrom, pageOf } from '../page.ts';
import { notThere } from '../refusal.ts';
import { defineRoute, word } from './route.ts';

const AT = '/api/v1/waf' as const;
const MOST_BAN_S = 10 * 365 * 86_400;

const EVENT = z.looseObject({
  id: z.string(),
  timeMs: z.number(),
  action: z.enum(['pass', 'detect', 'block']),
  status: z.int(),
  score: z.number(),
  clientAddress: z.string(),
  path: z.string(),
  rules: z.array(z.looseObject({ id: z.int(), message: z.string() })),
});

const events = defineRoute({
  ...{ method: 'GET', path: `${AT}/events`, role: 'viewer', scope: 'waf' },
  summary: 'Requests in which rules matched, the newest first.',
  query: z.strictObject({
    ...PAGE,
    limit: z.coerce.number().int().min(1).max(200).default(20).describe('How many at most.'),
    since: z.coerce.number().int().min(0).optional().describe('Only those from then on, in ms since 1970.'),
    action: z.enum(['pass', 'detect', 'block']).optional(),
    rule: z.coerce.number().int().min(0).max(1e12).optional().describe('Only those in which it matched.'),
    path: word(1024).optional().describe('What their paths begin with.'),
    client: word().optional().describe('Only those of this address.'),
  }),
  reply: pageOf(EVENT),
  async handle({ desk, query: { cursor, since, limit, ...query } }) {
    const before = keyOfCursor(cursor);
    const found = await desk.read('waf-events', { ...query, sinceMs: since, limit: limit + 1, before });
    const items = found.slice(0, limit);
    const next = found.length > limit ? cursorOf(items.at(-1)!.id) : undefined;
    return { body: { items, next } };
  },
});

const event = defineRoute({
  ...{ method: 'GET', path: `${AT}/events/{id}`, role: 'viewer', scope: 'waf' },
  summary: 'All that is known of one of them.',
  params: z.strictObject({ id: word(64).describe('Its id, or the beginning of it.') }),
  reply: EVENT,
  async handle({ desk, params }) {
    const found = await desk.read('waf-event', params.id);
    if (!found) throw notThere(`there is no event "${params.id}"`);
    return { body: found };
  },
});

const BAN = z.strictObject({
  zone: z.string(),
  key: z.string().describe('An address, or what the zone counts by.'),
  sinceMs: z.number(),
  untilMs: z.number().nullable().describe('null: without end.'),
  times: z.int().describe('How often it was banned.'),
});

export type ShownBan = z.output<typeof BAN>;

const bans = defineRoute({
  ...{ method: 'GET', path: `${AT}/bans`, role: 'viewer', scope: 'waf' },
  summary: 'Whom limit_ban has banned.',
  query: z.strictObject({ ...PAGE, zone: word().optional().describe('Only those of this zone.') }),
  reply: pageOf(BAN),
  async handle({ desk, query }) {
    const nowMs = Date.now();
    const zones = await desk.read('bans', undefined);
    const all = zones
      .filter(({ zone }) => query.zone === undefined || zone === query.zone)
      .flatMap(({ zone, bans: list }) =>
        list
          .filter(({ untilMs }) => untilMs > nowMs)
          .map(({ key, sinceMs, untilMs, times }) => ({
            ...{ zone, key, sinceMs, times },
            untilMs: untilMs === Number.MAX_SAFE_INTEGER ? null : untilMs,
          })),
      );
    return {
      body: pageFrom(all, query, ({ zone, key }) => `${zone} ${key}`),
      state: await desk.read('state', { kind: 'ban', key: '' }),
    };
  },
});

const NAMED = z.strictObject({ zone: word(), key: word() });

const ban = defineRoute({
  ...{ method: 'POST', path: `${AT}/bans`, role: 'operator', scope: 'waf' },
  summary: 'Bans an address, or what a zone counts by. If-Match is held against the ETag of the list.',
  changes: true,
  status: 201,
  body: z.strictObject({
    key: word(),
    zone: word().optional().describe('Absent: all zones.'),
    lengthS: z.int().min(1).max(MOST_BAN_S).optional().describe('In seconds; absent: without end.'),
  }),
  reply: z.strictObject({ key: z.string() }),
  async handle({ desk, body: { key, zone, lengthS }, asker }) {
    const lengthMs = lengthS === undefined ? undefined : lengthS * 1000;
    const state = await desk.change({ kind: 'ban', key, zone, lengthMs }, asker);
    return { body: { key }, state };
  },
});

const oneBan = defineRoute({
  ...{ method: 'GET', path: `${AT}/bans/{zone}/{key}`, role: 'viewer', scope: 'waf' },
  summary: 'Whether somebody is banned.',
  params: NAMED,
  reply: z.strictObject({ zone: z.string(), key: z.string(), untilMs: z.number() }),
  async handle({ desk, params: { zone, key } }) {
    const state = await desk.read('state', { kind: 'unban', zone, key });
    return { body: state, state };
  },
});

const unban = defineRoute({
  ...{ method: 'DELETE', path: `${AT}/bans/{zone}/{key}`, role: 'operator', scope: 'waf' },
  summary: 'Lifts a ban.',
  changes: true,
  status: 204,
  params: NAMED,
  reply: z.undefined(),
  async handle({ desk, params: { zone, key }, asker }) {
    await desk.change({ kind: 'unban', zone, key }, asker);
    return {};
  },
});

export const WAF = [events, event, bans, ban, oneBan, unban];
