/** Routes of a login by an OpenID Connect provider. The browser comes back to a page of the console, which brings here what it was given. */
import { z } from 'zod';
import { entered, WHO } from './me.ts';
import { defineRoute, word } from './route.ts';

const AT = '/api/v1/login' as const;
const BODY_BYTES = 8192;
/** Some providers' codes carry much. */
const MOST_CODE = 4096;

const ways = defineRoute({
  ...{ method: 'GET', path: AT, role: 'public', scope: undefined },
  summary: 'By what one logs in here.',
  reply: z.strictObject({
    password: z.literal(true),
    oidc: z.string().nullable().describe('What the button to the provider says; null: there is none.'),
  }),
  async handle({ desk, asker }) {
    const { oidc = null } = await desk.identity('login-ways', undefined, asker);
    return { body: { password: true, oidc } };
  },
});

const begin = defineRoute({
  ...{ method: 'POST', path: `${AT}/oidc`, role: 'public', scope: undefined, bodyLimitBytes: BODY_BYTES },
  summary:
    'Begins a login by the provider: tells where the browser is to go, and sets a cookie that it has to have when it is back. 404 without an oidc block; 503 provider-away.',
  body: z.strictObject({
    again: z
      .boolean()
      .optional()
      .describe('The provider asks for the password once more, which what is dangerous needs.'),
  }),
  reply: z.strictObject({ url: z.string() }),
  async handle({ desk, asker, body: { again }, browser: { origin } }) {
    const { url, ticket } = await desk.identity('oidc-begin', { origin, again }, asker);
    return { body: { url }, ticket };
  },
});

const finish = defineRoute({
  ...{ method: 'POST', path: `${AT}/oidc/finish`, role: 'public', scope: undefined },
  bodyLimitBytes: BODY_BYTES,
  summary:
    'Ends it with what the provider has sent to /login/oidc by the browser: sets the cookie of a new session. 401 no-login, provider-refused, bad-answer; 403 no-role; 503 provider-away.',
  body: z.strictObject({
    state: word(128),
    code: word(MOST_CODE).optional(),
    iss: word(512).optional(),
    error: z
      .string()
      .regex(/^\w{1,64}$/)
      .optional()
      .describe('As the provider says it: access_denied.'),
  }),
  reply: WHO,
  async handle({ desk, asker, body, browser: { ticket } }) {
    const entry = await desk.identity('oidc-finish', { ...body, ticket, former: asker.session }, asker);
    return { ...entered(entry), ticket: null };
  },
});

export const PROVIDER = [ways, begin, finish];
