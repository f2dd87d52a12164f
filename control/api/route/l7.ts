/** Routes of the L7 tier: pools and their members. */
import { z } from 'zod';
import { MEMBER_STATES } from '#model/l7/upstream.ts';
import type { MemberState } from '../desk/pool-member.ts';
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
  line: z
    .strictObject({ state: z.enum(MEMBER_STATES), weight: z.int() })
    .optional()
    .describe('What the configuration says; absent: it was added by command.'),
  command: z
    .strictObject({ state: z.enum(MEMBER_STATES).optional(), weight: z.int().optional() })
    .optional()
    .describe('What was commanded against its line.'),
  sources: z.array(z.string()).optional().describe('The discover lines whose sources name it.'),
});

const SOURCE = z.looseObject({
  source: z.string().describe('The words of its line, but for secrets.'),
  members: z.int().describe('Whom it names.'),
  state: z
    .enum(['waiting', 'kept', 'current', 'stale'])
    .describe(
      'waiting: it never named anybody. kept: members from before moat started. stale: it fails, and those that it named last stay.',
    ),
  succeededMs: z.number().optional().describe('When its last answer was taken, in ms since 1970.'),
  error: z.string().optional().describe('Its last fault.'),
  errorMs: z.number().optional(),
  failures: z.int(),
  refused: z.int().describe('Answers that were not taken.'),
  leftOut: z.int().describe('Of the last answer, those that may not be members.'),
});

const POOL_NAME = { pool: word().describe('The name of the pool, percent-encoded.') };
const MEMBER_NAME = {
  ...POOL_NAME,
  member: word().describe('The name of the member: the address as on its line.'),
};
const POOL = z.looseObject({
  name: z.string(),
  queued: z.int(),
  members: z.array(MEMBER),
  removed: z.array(z.string()).optional().describe('Configured, and taken out by command.'),
  sources: z.array(SOURCE).optional().describe('The discover lines of the pool.'),
});
const ONE_MEMBER = MEMBER.extend({ pool: z.string() });
const MOST_WEIGHT = 65_535;

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
  params: z.strictObject(POOL_NAME),
  reply: POOL,
  handle: ({ desk, params }) => poolReply(desk, params.pool),
});

/** A pool as it is shown, with the state that the ETag for additions is made of. */
async function poolReply(desk: RemoteDesk, name: string) {
  const found = (await poolsOf(desk)).find(pool => pool.name === name);
  if (!found) throw notThere(`there is no pool "${name}"`);
  const state = await desk.read('state', { kind: 'pool-add', pool: name, member: '', words: [] });
  return { body: found, state };
}

/** Of a name that stands for several addresses the first is shown; what is said holds for all. */
async function memberReply(desk: RemoteDesk, { pool, member }: { pool: string; member: string }) {
  const state = (await desk.read('state', { kind: 'pool-member', pool, member })) as MemberState;
  const found = (await poolsOf(desk)).find(({ name }) => name === pool);
  const shown = found?.members.find(({ name }) => name === member);
  if (!shown) throw notThere(`pool "${pool}" has no member "${member}"`);
  return { body: { ...shown, pool }, state };
}

const oneMember = defineRoute({
  ...{ method: 'GET', path: `${AT}/pools/{pool}/members/{member}`, role: 'viewer', scope: 'l7' },
  summary: 'One member of a pool, with how many requests are in flight there.',
  params: z.strictObject(MEMBER_NAME),
  reply: ONE_MEMBER,
  handle: ({ desk, params }) => memberReply(desk, params),
});

const changeMember = defineRoute({
  ...{ method: 'PATCH', path: `${AT}/pools/{pool}/members/{member}`, role: 'operator', scope: 'l7' },
  summary:
    'Drains a member (no new sessions; sticky ones that it has go on), takes it down (no requests at all; those in flight end as they do), takes it back, or gives it another weight: in all workers at once, without a reload. Kept over reloads and restarts, until its line says something else.',
  changes: true,
  params: z.strictObject(MEMBER_NAME),
  body: z
    .strictObject({
      state: z.enum(MEMBER_STATES).nullable().optional().describe('null: that of its line.'),
      weight: z.int().min(1).max(MOST_WEIGHT).nullable().optional().describe('null: that of its line.'),
    })
    .refine(({ state, weight }) => state !== undefined || weight !== undefined, 'say state, weight, or both'),
  reply: ONE_MEMBER,
  async handle({ desk, params, body, asker }) {
    await desk.change({ kind: 'pool-member', ...params, ...body }, asker);
    return memberReply(desk, params);
  },
});

const DURATION_MS = z.int().min(0).max(999_999_999);

const addMember = defineRoute({
  ...{ method: 'POST', path: `${AT}/pools/{pool}/members`, role: 'operator', scope: 'l7' },
  summary:
    'Adds a member, or brings one back that was removed: then its address alone is said. Kept over reloads and restarts, until the configuration has a line with its address.',
  changes: true,
  params: z.strictObject(POOL_NAME),
  body: z.strictObject({
    address: word().describe('HOST, HOST:PORT, [IPV6]:PORT or unix:/path; a name is looked up once.'),
    weight: z.int().min(1).max(MOST_WEIGHT).optional(),
    maxFails: z.int().min(0).max(999_999_999).optional(),
    failTimeoutMs: DURATION_MS.optional(),
    maxConns: z.int().min(0).max(999_999_999).optional(),
    slowStartMs: DURATION_MS.optional(),
    route: z
      .string()
      .regex(/^[\w.-]{1,128}$/)
      .optional(),
    backup: z.boolean().optional(),
    state: z.enum(MEMBER_STATES).optional(),
  }),
  reply: POOL,
  status: 201,
  async handle({ desk, params, body, asker }) {
    const wish = { kind: 'pool-add', pool: params.pool, member: body.address, words: wordsOf(body) } as const;
    await desk.change(wish, asker);
    return { ...(await poolReply(desk, params.pool)), status: 201 };
  },
});

/** What a server line would have behind its address. */
function wordsOf(body: {
  readonly weight?: number | undefined;
  readonly maxFails?: number | undefined;
  readonly failTimeoutMs?: number | undefined;
  readonly maxConns?: number | undefined;
  readonly slowStartMs?: number | undefined;
  readonly route?: string | undefined;
  readonly backup?: boolean | undefined;
  readonly state?: 'ready' | 'drain' | 'down' | undefined;
}): string[] {
  const words = [
    body.weight !== undefined && `weight=${body.weight}`,
    body.maxFails !== undefined && `max_fails=${body.maxFails}`,
    body.failTimeoutMs !== undefined && `fail_timeout=${body.failTimeoutMs}ms`,
    body.maxConns !== undefined && `max_conns=${body.maxConns}`,
    body.slowStartMs !== undefined && `slow_start=${body.slowStartMs}ms`,
    body.route !== undefined && `route=${body.route}`,
    body.backup === true && 'backup',
    body.state !== undefined && body.state !== 'ready' && body.state,
  ];
  return words.filter(text => text !== false);
}

const removeMember = defineRoute({
  ...{ method: 'DELETE', path: `${AT}/pools/{pool}/members/{member}`, role: 'operator', scope: 'l7' },
  summary:
    'Takes a member out of its pool; requests in flight there end as they do. Kept over reloads and restarts, until its line says something else.',
  changes: true,
  params: z.strictObject(MEMBER_NAME),
  reply: z.null(),
  status: 204,
  async handle({ desk, params, asker }) {
    await desk.change({ kind: 'pool-remove', ...params }, asker);
    return { status: 204 };
  },
});

const sessions = defineRoute({
  ...{ method: 'GET', path: `${AT}/sessions`, role: 'viewer', scope: 'l7' },
  summary:
    'Pools with sticky sessions: how many each member has where moat remembers them (learn). What sessions are called is shown nowhere.',
  reply: z.strictObject({
    items: z.array(
      z.strictObject({
        pool: z.string(),
        kind: z.enum(['cookie', 'route', 'learn']),
        table: z
          .strictObject({
            zone: z.string(),
            sessions: z.int(),
            capacity: z.int(),
            evictions: z.int().describe('Let go for want of room.'),
            timeoutMs: z.number(),
            sync: z.boolean().describe('Shared with the other nodes.'),
            isCut: z.boolean().describe('Whether there are more than were counted.'),
            members: z.array(z.strictObject({ name: z.string(), sessions: z.int() })),
            elsewhere: z.int().describe('Of members that have left.'),
          })
          .optional(),
      }),
    ),
  }),
  async handle({ desk }) {
    const items = await desk.read('sessions', undefined);
    if (!items) throw refuse(503, 'l7-down', 'the L7 process does not answer');
    return { body: { items } };
  },
});

export const L7 = [sessions, pools, pool, oneMember, changeMember, addMember, removeMember];
