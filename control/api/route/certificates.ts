/** Route of the certificates that are shown to clients. */
import { z } from 'zod';
import { defineRoute } from './route.ts';

const list = defineRoute({
  ...{ method: 'GET', path: '/api/v1/certificates', role: 'viewer', scope: 'l7' },
  summary:
    'Certificates of the configuration in force, the first to expire first. `soon` is less than a quarter of the whole life; those that variables name are not known. `acme` tells how an authority is asked for it: `state` is valid, stand-in, ordering or failing, `nextTryMs` when the next order is begun, `byAuthority` whether the authority has said when (ARI).',
  reply: z.strictObject({
    items: z.array(
      z.strictObject({
        names: z.array(z.string()),
        issuer: z.string(),
        notBeforeMs: z.number(),
        notAfterMs: z.number(),
        state: z.enum(['good', 'soon', 'expired', 'not-yet', 'unreadable']),
        serial: z.string(),
        key: z.string(),
        usedBy: z.array(z.string()).describe('Servers by their first name, or api.'),
        acme: z
          .strictObject({
            issuer: z.string(),
            state: z.enum(['valid', 'stand-in', 'ordering', 'failing']),
            isStandIn: z.boolean(),
            nextTryMs: z.number(),
            byAuthority: z.boolean(),
            failures: z.number(),
            lastError: z.string().optional(),
          })
          .optional(),
      }),
    ),
  }),
  handle: async ({ desk }) => ({ body: { items: await desk.read('certificates', undefined) } }),
});

export const CERTIFICATES = [list];
