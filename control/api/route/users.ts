/** Routes of users and their sessions, for admins. */
import { z } from 'zod';
import { notThere } from '../refusal.ts';
import { ROLES } from '../token/token.ts';
import { NAME, PASSWORD, SHOWN_SESSION } from './me.ts';
import { defineRoute, word } from './route.ts';

const AT = '/api/v1/users' as const;

const USER = z.strictObject({
  name: z.string(),
  role: z.enum(ROLES),
  isDisabled: z.boolean(),
  createdMs: z.number(),
  hasTotp: z.boolean().describe('Whether a login needs a second factor.'),
  recoveryCodes: z.int().describe('How many are left.'),
});

const ONE = z.strictObject({ name: word(64) });

const list = defineRoute({
  ...{ method: 'GET', path: AT, role: 'admin', scope: 'users' },
  summary: 'Users.',
  reply: z.strictObject({ items: z.array(USER) }),
  async handle({ desk, asker }) {
    const items = await desk.identity('users', undefined, asker);
    return { body: { items }, state: items };
  },
});

const add = defineRoute({
  ...{ method: 'POST', path: AT, role: 'admin', scope: 'users', needs: 'fresh-session', changes: true },
  summary: 'Makes a user.',
  body: z.strictObject({ name: NAME, role: z.enum(ROLES), password: PASSWORD }),
  ...{ reply: USER, status: 201 },
  async handle({ desk, asker, body }) {
    const user = await desk.identity('user-add', body, asker);
    return { body: user, state: user, headers: { Location: `${AT}/${user.name}` } };
  },
});

const one = defineRoute({
  ...{ method: 'GET', path: `${AT}/{name}`, role: 'admin', scope: 'users' },
  summary: 'One user.',
  params: ONE,
  reply: USER,
  async handle({ desk, asker, params: { name } }) {
    const user = (await desk.identity('users', undefined, asker)).find(each => each.name === name);
    if (!user) throw notThere(`there is no user "${name}"`);
    return { body: user, state: user };
  },
});

const change = defineRoute({
  ...{ method: 'PATCH', path: `${AT}/{name}`, role: 'admin', scope: 'users' },
  ...{ needs: 'fresh-session', changes: true },
  summary:
    'Gives another role or password, disables, or takes the second factor away. All sessions of the user end.',
  params: ONE,
  body: z.strictObject({
    role: z.enum(ROLES).optional(),
    disabled: z.boolean().optional(),
    password: PASSWORD.optional(),
    resetTotp: z.literal(true).optional(),
  }),
  reply: USER,
  async handle({ desk, asker, params, body }) {
    const user = await desk.identity('user-change', { ...body, ...params }, asker);
    return { body: user, state: user };
  },
});

const remove = defineRoute({
  ...{ method: 'DELETE', path: `${AT}/{name}`, role: 'admin', scope: 'users' },
  ...{ needs: 'fresh-session', changes: true },
  summary: 'Removes a user; all his sessions end.',
  params: ONE,
  ...{ reply: z.null(), status: 204 },
  async handle({ desk, asker, params }) {
    await desk.identity('user-remove', params, asker);
    return {};
  },
});

const sessions = defineRoute({
  ...{ method: 'GET', path: '/api/v1/sessions', role: 'admin', scope: 'users' },
  summary: 'Sessions of all users.',
  reply: z.strictObject({ items: z.array(SHOWN_SESSION) }),
  handle: async ({ desk, asker }) => ({
    body: { items: await desk.identity('sessions', {}, asker) },
  }),
});

const end = defineRoute({
  ...{ method: 'DELETE', path: '/api/v1/sessions/{id}', role: 'admin', scope: 'users', needs: 'session' },
  summary: 'Ends a session.',
  params: z.strictObject({ id: word(12) }),
  ...{ reply: z.null(), status: 204 },
  async handle({ desk, asker, params }) {
    await desk.identity('session-end', params, asker);
    return {};
  },
});

export const USERS = [list, add, one, change, remove, sessions, end];
