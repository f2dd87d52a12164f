/** Routes about the program as a whole. */
import { z } from 'zod';
import { within } from '#kit/within.ts';
import { openApi } from '../openapi.ts';
import { refuse } from '../refusal.ts';
import { defineRoute } from './route.ts';

const HEALTH = z.strictObject({ status: z.literal('ok') });
/** A program that takes longer to say how it is is not ready. */
const PATIENCE_MS = 3000;

const health = defineRoute({
  ...{ method: 'GET', path: '/healthz', role: 'public', scope: undefined },
  summary: 'Whether the API answers.',
  reply: HEALTH,
  handle: async () => ({ body: { status: 'ok' } }),
});

const ready = defineRoute({
  ...{ method: 'GET', path: '/readyz', role: 'public', scope: undefined },
  summary: 'Whether a configuration is in force and workers answer; 503 when not.',
  reply: HEALTH,
  async handle({ desk }) {
    const status = await within(PATIENCE_MS, desk.read('status', undefined)).catch(() => undefined);
    if (!status || status.revision === 0 || !status.l7 || status.l7.workers.length === 0)
      throw refuse(503, 'not-ready', 'no workers answer');
    return { body: { status: 'ok' } };
  },
});

const status = defineRoute({
  ...{ method: 'GET', path: '/api/v1/status', role: 'viewer', scope: 'status' },
  summary: 'What the running program does, as moat status --json has it.',
  reply: z.looseObject({
    version: z.string(),
    pid: z.int(),
    uptimeMs: z.number(),
    revision: z.int().describe('Number of the configuration in force, from 1 on.'),
    appliedAtMs: z.number().describe('When that was, in ms since 1970.'),
    refusal: z.string().optional().describe('Why the last reload was refused.'),
    listeners: z.array(z.strictObject({ key: z.string(), sockets: z.int() })),
    l7: z.looseObject({ pid: z.int() }).optional(),
    l4: z.looseObject({}).optional(),
    cluster: z.looseObject({}).optional(),
  }),
  handle: async ({ desk }) => ({ body: await desk.read('status', undefined) }),
});

const events = defineRoute({
  ...{ method: 'GET', path: '/api/v1/events', role: 'viewer', scope: 'status' },
  summary:
    'Server-sent events: a snapshot, then once a second what has changed, as JSON merge patches (RFC 7396). Who reads slowly gets fewer: a new snapshot when he has read what there was. Who reads nothing for a minute is dropped. Ids count up; a gap in front of a snapshot is none.',
  reply: z.string().meta({ contentType: 'text/event-stream' }),
  handle: async () => 'stream',
});

const description = defineRoute({
  ...{ method: 'GET', path: '/api/v1/openapi.json', role: 'viewer', scope: undefined },
  summary: 'This description, as OpenAPI 3.1.',
  reply: z.looseObject({ openapi: z.string() }),
  handle: async () => ({ body: openApi((await import('./table.ts')).ROUTES) }),
});

export const STATUS = [health, ready, status, events, description];
