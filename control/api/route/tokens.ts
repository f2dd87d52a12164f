/** Routes of API tokens, for admins who have logged in: a token makes no tokens. */
import { z } from 'zod';
import { notThere } from '../refusal.ts';
import { ROLES, SCOPES } from '../token/token.ts';
import { NAME } from './me.ts';
import { defineRoute, word } from './route.ts';

const AT = '/api/v1/tokens' as const;
const MOST_S = 10 * 365 * 86_400;

const TOKEN = z.strictObject({
  id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  scopes: z.array(z.enum(SCOPES)).optional().describe('Absent: everywhere.'),
  createdMs: z.number(),
  expiresMs: z.number().optional().describe('Absent: it does not end.'),
});

const list = defineRoute({
  ...{ method: 'GET', path: AT, role: 'admin', scope: 'users' },
  summary: 'Tokens, without what they are known by.',
  reply: z.strictObject({ items: z.array(TOKEN) }),
  async handle({ desk, asker }) {
    const items = await desk.identity('tokens', undefined, asker);
    return { body: { items }, state: items };
  },
});

const create = defineRoute({
  ...{ method: 'POST', path: AT, role: 'admin', scope: 'users', needs: 'fresh-session', changes: true },
  summary: 'Makes a token; it is told this once.',
  body: z.strictObject({
    name: NAME,
    role: z.enum(ROLES),
    scopes: z.array(z.enum(SCOPES)).min(1).optional(),
    lengthS: z.int().min(1).max(MOST_S).optional().describe('Absent: it does not end.'),
  }),
  ...{ reply: z.strictObject({ token: z.string(), record: TOKEN }), status: 201 },
  async handle({ desk, asker, body: { lengthS, ...wish } }) {
    const lengthMs = lengthS === undefined ? undefined : lengthS * 1000;
    return { body: await desk.identity('token-create', { ...wish, lengthMs }, asker) };
  },
});

const ONE = z.strictObject({ id: word(32) });

const one = defineRoute({
  ...{ method: 'GET', path: `${AT}/{id}`, role: 'admin', scope: 'users' },
  summary: 'One token.',
  params: ONE,
  reply: TOKEN,
  async handle({ desk, asker, params: { id } }) {
    const found = (await desk.identity('tokens', undefined, asker)).find(token => token.id === id);
    if (!found) throw notThere(`there is no token "${id}"`);
    return { body: found, state: found };
  },
});

const revoke = defineRoute({
  ...{ method: 'DELETE', path: `${AT}/{id}`, role: 'admin', scope: 'users' },
  ...{ needs: 'fresh-session', changes: true },
  summary: 'Revokes a token: it is believed no more from now on.',
  params: ONE,
  ...{ reply: z.null(), status: 204 },
  async handle({ desk, asker, params }) {
    await desk.identity('token-revoke', params, asker);
    return {};
  },
});

export const TOKENS = [list, create, one, revoke];
