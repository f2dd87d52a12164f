/** Routes of the L7 tier: pools and their members. */
import { z } from 'zod';
import { PAGE, pageFrom, pageOf } from '../page.ts';
import { notThere, refuse } from '../refusal.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import { defineRoute, word } from './route.ts';

const AT = '/api/v1/l7' as const;

const MEMBER = z.looseObject({
  name: z.string(),
  address: z.string(),
  backup: z.boolean(),
  weight: z.number(),
  state: z.string().describe('up, down, drain, unhealthy, checking, ejected, or unavailable'),
  inFlight: z.int(),
});

/** @throws {Refusal} 503 while the L7 process is down */
async function poolsOf(desk: RemoteDesk) {
  const { l7 } = await desk.read('status', undefined);
  if (!l7) throw refuse(503, 'l7-down', 'the L7 process does not answer');
  return l7.pools;
}

const pools = defineRoute({
  ...{ method: 'GET', path: `${AT}/pools`, role: 'viewer', scope: 'l7' },
  summary: 'Pools of servers.',
  query: z.strictObject(PAGE),
  reply: pageOf(
    z.strictObject({ name: z.string(), queued: z.int(), members: z.int(), up: z.int(), inFlight: z.int() }),
  ),
  async handle({ desk, query }) {
    const summaries = (await poolsOf(desk)).map(({ name, queued, members }) => ({
      ...{ name, queued, members: members.length },
      up: members.filter(({ state }) => state === 'up').length,
      inFlight: members.reduce((total, { inFlight }) => total + inFlight, 0),
    }));
    return { body: pageFrom(summaries, query, ({ name }) => name) };
  },
});

const pool = defineRoute({
  ...{ method: 'GET', path: `${AT}/pools/{pool}`, role: 'viewer', scope: 'l7' },
  summary: 'One pool with its members.',
  params: z.strictObject({ pool: word().describe('The name of the pool.') }),
  reply: z.looseObject({ name: z.string(), queued: z.int(), members: z.array(MEMBER) }),
  async handle({ desk, params }) {
    const found = (await poolsOf(desk)).find(({ name }) => name === params.pool);
    if (!found) throw notThere(`there is no pool "${params.pool}"`);
    return { body: found };
  },
});

export const L7 = [pools, pool];
