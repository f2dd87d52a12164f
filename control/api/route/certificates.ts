/** Routes of the certificates that are shown to clients, and of those that authorities issue. */
import { z } from 'zod';
import { REASON_NAMES } from '../../acme/revocation.ts';
import { notThere } from '../refusal.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import { defineRoute, word } from './route.ts';

const AT = '/api/v1/certificates' as const;
const ACME = z.strictObject({
  id: z.string().describe('Of the certificate, for its routes: ISSUER/NAME.'),
  issuer: z.string(),
  state: z.enum(['valid', 'stand-in', 'ordering', 'failing']),
  isStandIn: z.boolean(),
  nextTryMs: z.number(),
  byAuthority: z.boolean(),
  failures: z.number(),
  lastError: z.string().optional(),
  revocation: z
    .strictObject({ serial: z.string(), atMs: z.number(), fault: z.string().optional() })
    .optional()
    .describe('The last wish to have one taken back, and why nothing came of it.'),
});
const CERTIFICATE = z.strictObject({
  names: z.array(z.string()),
  issuer: z.string(),
  notBeforeMs: z.number(),
  notAfterMs: z.number(),
  state: z.enum(['good', 'soon', 'expired', 'not-yet', 'unreadable']),
  serial: z.string(),
  key: z.string(),
  usedBy: z.array(z.string()).describe('Servers by their first name, or api.'),
  acme: ACME.optional(),
});
const ONE = z.strictObject({ certificate: word(512).describe('The id of one that an authority issues.') });

const list = defineRoute({
  ...{ method: 'GET', path: AT, role: 'viewer', scope: 'l7' },
  summary:
    'Certificates of the configuration in force, the first to expire first. `soon` is less than a quarter of the whole life; those that variables name are not known. `acme` tells how an authority is asked for it: `state` is valid, stand-in, ordering or failing, `nextTryMs` when the next order is begun, `byAuthority` whether the authority has said when (ARI).',
  reply: z.strictObject({ items: z.array(CERTIFICATE) }),
  handle: async ({ desk }) => ({ body: { items: await desk.read('certificates', undefined) } }),
});

/** @throws {Refusal} 404 */
async function oneOf(desk: RemoteDesk, id: string) {
  const found = (await desk.read('certificates', undefined)).find(({ acme }) => acme?.id === id);
  if (!found) throw notThere(`there is no certificate "${id}" that an authority issues`);
  return found;
}

const one = defineRoute({
  ...{ method: 'GET', path: `${AT}/{certificate}`, role: 'viewer', scope: 'l7' },
  summary: 'One that an authority issues. Its ETag is another one when another certificate is shown.',
  params: ONE,
  reply: CERTIFICATE,
  async handle({ desk, params }) {
    const state = await desk.read('state', { kind: 'acme-renew', ...params });
    return { body: await oneOf(desk, params.certificate), state };
  },
});

const renew = defineRoute({
  ...{ method: 'POST', path: `${AT}/{certificate}/renew`, role: 'operator', scope: 'l7' },
  summary:
    'Begins an order now, due or not; authorities count orders. What comes of it is told by acme.state: ordering, then valid or failing. 409 while one is under way.',
  changes: true,
  params: ONE,
  ...{ reply: CERTIFICATE, status: 202 },
  async handle({ desk, params, asker }) {
    const state = await desk.change({ kind: 'acme-renew', ...params }, asker);
    return { body: await oneOf(desk, params.certificate), state };
  },
});

const revoke = defineRoute({
  ...{ method: 'POST', path: `${AT}/{certificate}/revoke`, role: 'admin', scope: 'l7' },
  summary:
    'Orders another certificate, of another key, and when that is shown has the authority take this one back; with force also where no other came. What comes of it is told by acme.revocation.',
  changes: true,
  params: ONE,
  body: z.strictObject({
    reason: z.enum(REASON_NAMES).default('unspecified'),
    force: z.boolean().default(false),
  }),
  ...{ reply: CERTIFICATE, status: 202 },
  async handle({ desk, params, asker, body }) {
    const state = await desk.change({ kind: 'acme-revoke', ...params, ...body }, asker);
    return { body: await oneOf(desk, params.certificate), state };
  },
});

export const CERTIFICATES = [list, one, renew, revoke];
