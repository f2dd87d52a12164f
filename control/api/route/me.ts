/** Routes of who is there: set-up, login, the own password, second factor and sessions. */
import { z } from 'zod';
import { refuse } from '../refusal.ts';
import { ROLES } from '../token/token.ts';
import type { Entry } from '../user/questions.ts';
import { IDLE_MS, isByProvider, isFresh, LIFE_MS, type SessionRecord } from '../user/session.ts';
import { type Call, defineRoute, word } from './route.ts';

const BODY_BYTES = 4096;

export const NAME = z
  .string()
  .regex(/^[\w.@-]{1,64}$/)
  .describe('Up to 64 letters, digits and . _ @ -');
export const PASSWORD = z.string().min(12).max(256).describe('12 to 256 bytes.');
/** What is said at a login: no more is told than that it is wrong. */
const SAID = z.string().min(1).max(256);
const CODE = word(32).optional().describe('Of the authenticator, or a recovery code.');

export const SHOWN_SESSION = z.strictObject({
  id: z.string(),
  user: z.string(),
  role: z.enum(ROLES),
  createdMs: z.number(),
  authenticatedMs: z.number().describe('When the password was last given.'),
  seenMs: z.number(),
  from: z.string(),
  agent: z.string(),
});

export const WHO = z.strictObject({
  kind: z.enum(['session', 'token']),
  name: z.string().describe('Of the user or the token.'),
  role: z.enum(ROLES),
  scopes: z.array(z.string()).optional().describe('Absent: all.'),
  csrf: z.string().optional().describe('Changes by this session have to say it in X-Moat-Csrf.'),
  session: z.string().optional().describe('The id of this session.'),
  by: z.enum(['password', 'provider']).optional().describe('How this session was begun.'),
  fresh: z.boolean().optional().describe('Whether the password was given within the last five minutes.'),
  idleEndsMs: z.number().optional().describe('When it ends if nothing is asked until then; ms since 1970.'),
  endsMs: z.number().optional(),
});

const whoOf = (session: SessionRecord): z.output<typeof WHO> => ({
  ...{ kind: 'session', name: session.user, role: session.role, csrf: session.csrf, session: session.id },
  by: isByProvider(session) ? 'provider' : 'password',
  fresh: isFresh(session, Date.now()),
  idleEndsMs: session.seenMs + IDLE_MS,
  endsMs: session.createdMs + LIFE_MS,
});

export const entered = ({ cookie, session }: Entry) => ({ body: whoOf(session), cookie });

/** Routes that need one are refused to others before. @throws {Refusal} 403 */
export function sessionIn({ asker }: Pick<Call<unknown, unknown, unknown>, 'asker'>): string {
  if (asker.session === undefined) throw refuse(403, 'session-needed', 'this is for who has logged in');
  return asker.session;
}

const V1 = '/api/v1' as const;

const needsSetup = defineRoute({
  ...{ method: 'GET', path: `${V1}/setup`, role: 'public', scope: undefined },
  summary: 'Whether there is no user yet: then the machine prints a link for the first one.',
  reply: z.strictObject({ needed: z.boolean() }),
  handle: async ({ desk, asker }) => ({
    body: { needed: await desk.identity('needs-setup', undefined, asker) },
  }),
});

const setUp = defineRoute({
  ...{ method: 'POST', path: `${V1}/setup`, role: 'public', scope: undefined, bodyLimitBytes: BODY_BYTES },
  summary: 'Makes the first admin, and logs him in. The link is good once.',
  body: z.strictObject({
    link: word(128).describe('What stands behind the # of the link.'),
    name: NAME,
    password: PASSWORD,
  }),
  reply: WHO,
  handle: async ({ desk, asker, body }) => entered(await desk.identity('setup', body, asker)),
});

const login = defineRoute({
  ...{ method: 'POST', path: `${V1}/login`, role: 'public', scope: undefined, bodyLimitBytes: BODY_BYTES },
  summary:
    'Logs in: sets the cookie of a new session. 401 bad-login; 401 code-needed when there is a second factor; 429 after many bad ones.',
  body: z.strictObject({ name: word(64), password: SAID, code: CODE }),
  reply: WHO,
  handle: async ({ desk, asker, body }) =>
    entered(await desk.identity('login', { ...body, former: asker.session }, asker)),
});

const again = defineRoute({
  ...{ method: 'POST', path: `${V1}/login/again`, role: 'viewer', scope: undefined, needs: 'session' },
  summary: 'Says the password again, which what is dangerous asks for: 403 log-in-again.',
  bodyLimitBytes: BODY_BYTES,
  body: z.strictObject({ password: SAID, code: CODE }),
  reply: WHO,
  async handle(call) {
    const input = { ...call.body, session: sessionIn(call) };
    return { body: whoOf(await call.desk.identity('log-in-again', input, call.asker)) };
  },
});

const logout = defineRoute({
  ...{ method: 'POST', path: `${V1}/logout`, role: 'viewer', scope: undefined, needs: 'session' },
  summary:
    'Ends this session. Of one that a provider vouched for, it tells where the session at the provider is ended, too, where the provider names such a place (RP-Initiated Logout).',
  reply: z.strictObject({
    url: z.string().nullable().describe('Where the browser goes next; null: nowhere.'),
  }),
  async handle(call) {
    const input = { session: sessionIn(call), origin: call.browser.origin };
    const { url = null } = await call.desk.identity('logout', input, call.asker);
    return { body: { url }, cookie: null };
  },
});

const me = defineRoute({
  ...{ method: 'GET', path: `${V1}/me`, role: 'viewer', scope: undefined },
  summary: 'Who asks, and what a session needs for changes.',
  reply: WHO,
  async handle({ caller }) {
    if (caller && 'session' in caller.by) return { body: whoOf(caller.by.session) };
    if (!caller || !('token' in caller.by)) throw refuse(401, 'no-token', 'nobody asks');
    const { name, role, scopes } = caller.by.token;
    return { body: { kind: 'token', name, role, scopes } };
  },
});

const password = defineRoute({
  ...{ method: 'POST', path: `${V1}/me/password`, role: 'viewer', scope: undefined, needs: 'session' },
  summary: 'Sets the own password. All own sessions end; this one goes on under another cookie.',
  bodyLimitBytes: BODY_BYTES,
  body: z.strictObject({ old: SAID, password: PASSWORD }),
  reply: WHO,
  handle: async call =>
    entered(await call.desk.identity('own-password', { ...call.body, session: sessionIn(call) }, call.asker)),
});

const enrol = defineRoute({
  ...{ method: 'POST', path: `${V1}/me/totp`, role: 'viewer', scope: undefined, needs: 'fresh-session' },
  summary: 'Makes a secret for an authenticator (TOTP). It counts when a code of it was confirmed.',
  reply: z.strictObject({
    secret: z.string(),
    uri: z.string().describe('otpauth: for a picture that an authenticator reads.'),
  }),
  handle: async call => ({
    body: await call.desk.identity('totp-enrol', { session: sessionIn(call) }, call.asker),
  }),
});

const confirm = defineRoute({
  ...{ method: 'POST', path: `${V1}/me/totp/confirm`, role: 'viewer', scope: undefined },
  ...{ needs: 'fresh-session', bodyLimitBytes: BODY_BYTES },
  summary: 'From now on a login needs a code. Tells recovery codes, this once; other own sessions end.',
  body: z.strictObject({ code: word(32) }),
  reply: z.strictObject({ who: WHO, recoveryCodes: z.array(z.string()) }),
  async handle(call) {
    const input = { ...call.body, session: sessionIn(call) };
    const { entry, recoveryCodes } = await call.desk.identity('totp-confirm', input, call.asker);
    return { body: { who: whoOf(entry.session), recoveryCodes }, cookie: entry.cookie };
  },
});

const disable = defineRoute({
  ...{ method: 'DELETE', path: `${V1}/me/totp`, role: 'viewer', scope: undefined, needs: 'fresh-session' },
  summary: 'Takes the own second factor away; other own sessions end.',
  reply: WHO,
  handle: async call =>
    entered(await call.desk.identity('totp-disable', { session: sessionIn(call) }, call.asker)),
});

const ownSessions = defineRoute({
  ...{ method: 'GET', path: `${V1}/me/sessions`, role: 'viewer', scope: undefined, needs: 'session' },
  summary: 'The own sessions.',
  reply: z.strictObject({ items: z.array(SHOWN_SESSION) }),
  async handle({ desk, asker, caller }) {
    const user = caller && 'session' in caller.by ? caller.by.session.user : '';
    return { body: { items: await desk.identity('sessions', { user }, asker) } };
  },
});

const endOwn = defineRoute({
  ...{ method: 'DELETE', path: `${V1}/me/sessions/{id}`, role: 'viewer', scope: undefined },
  ...{ needs: 'session', reply: z.null(), status: 204 },
  summary: 'Ends one of the own sessions.',
  params: z.strictObject({ id: word(12) }),
  async handle({ desk, asker, caller, params: { id } }) {
    const user = caller && 'session' in caller.by ? caller.by.session.user : '';
    await desk.identity('session-end', { id, user }, asker);
    return {};
  },
});

export const ME = [
  ...[needsSetup, setUp, login, again, logout, me, password, enrol, confirm, disable, ownSessions, endOwn],
];
