/** Routes of the L4 tier: virtual servers, real servers, connections. */
import { z } from 'zod';
import { COMMANDED_STATES, type L4Figures, type RealFigures, type ServiceFigures } from '#l4';
import { FORCED_HEALTH } from '#model/l4/virtual-server.ts';
import type { RealState } from '../desk/l4-real.ts';
import { cursorOf, keyOfCursor, PAGE, pageFrom, pageOf } from '../page.ts';
import { notThere, refuse } from '../refusal.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import { defineRoute, word } from './route.ts';

const MOST_WEIGHT = 65_535;
const AT = '/api/v1/l4' as const;

const REAL = z.looseObject({
  name: z.string(),
  address: z.string(),
  port: z.int().describe('0: the port that the client asked for.'),
  mode: z.string(),
  state: z.string().describe('alive, dead, draining, drained, disabled, sorry, or leaving'),
  weight: z.int().describe('The weight now.'),
  active: z.int().describe('Open connections: what is left to wait for while it is drained.'),
  inactive: z.int(),
  connections: z.int().describe('Since the maps were made.'),
  command: z
    .looseObject({
      state: z.enum(COMMANDED_STATES).optional(),
      health: z.enum(FORCED_HEALTH).optional(),
      weight: z.int().optional(),
    })
    .optional()
    .describe('What was commanded against its line and its checks.'),
});

const ONE_REAL = REAL.extend({
  service: z.string(),
  line: z
    .strictObject({ state: z.enum(['ready', 'drain', 'down']), weight: z.int() })
    .describe('What the configuration says.'),
});

const SUMMARY = z.strictObject({
  name: z.string().describe('As in the configuration: its addresses and its protocol.'),
  protocol: z.string(),
  scheduler: z.string(),
  quorum: z.boolean(),
  realServers: z.int(),
  alive: z.int(),
  active: z.int(),
  connections: z.int(),
});

const SERVICE = z.looseObject({ name: z.string(), protocol: z.string(), reals: z.array(REAL) });
const FLOW = z.looseObject({
  client: z.string(),
  clientPort: z.int(),
  virtual: z.string(),
  real: z.string(),
});

export type ServiceSummary = z.output<typeof SUMMARY>;
export type OneReal = z.output<typeof ONE_REAL>;
export type Flow = z.output<typeof FLOW>;

const SERVICE_NAME = { service: word(4096).describe('The name of a virtual server, percent-encoded.') };
const REAL_NAME = { ...SERVICE_NAME, real: word().describe('The name of a real server: as on its line.') };

/** @throws {Refusal} 404 when there is no L4 tier */
async function figuresOf(desk: RemoteDesk): Promise<L4Figures> {
  const figures = await desk.read('l4', undefined);
  if (!figures) throw notThere('there is no l4 block in force, or its process is down');
  return figures;
}

async function serviceOf(desk: RemoteDesk, name: string): Promise<ServiceFigures> {
  const found = (await figuresOf(desk)).services.find(service => service.name === name);
  if (!found) throw notThere(`there is no virtual server "${name}"`);
  return found;
}

const sum = (reals: readonly RealFigures[], count: (real: RealFigures) => number): number =>
  reals.reduce((total, real) => total + count(real), 0);

const services = defineRoute({
  ...{ method: 'GET', path: `${AT}/services`, role: 'viewer', scope: 'l4' },
  summary: 'Virtual servers.',
  query: z.strictObject(PAGE),
  reply: pageOf(SUMMARY),
  async handle({ desk, query }) {
    const summaries = (await figuresOf(desk)).services.map(
      ({ name, protocol, scheduler, quorum, reals }) => ({
        ...{ name, protocol, scheduler, quorum, realServers: reals.length },
        alive: reals.filter(({ state }) => state === 'alive').length,
        active: sum(reals, real => real.active),
        connections: sum(reals, real => real.connections),
      }),
    );
    return { body: pageFrom(summaries, query, ({ name }) => name) };
  },
});

const service = defineRoute({
  ...{ method: 'GET', path: `${AT}/services/{service}`, role: 'viewer', scope: 'l4' },
  summary: 'One virtual server with its real servers.',
  params: z.strictObject(SERVICE_NAME),
  reply: SERVICE,
  handle: async ({ desk, params }) => ({ body: await serviceOf(desk, params.service) }),
});

const stats = defineRoute({
  ...{ method: 'GET', path: `${AT}/stats`, role: 'viewer', scope: 'l4' },
  summary: 'Where the tier is attached, how full its table is, and packets by what became of them.',
  reply: z.looseObject({ attached: z.array(z.looseObject({})), reasons: z.record(z.string(), z.int()) }),
  async handle({ desk }) {
    const { services: _, ...rest } = await figuresOf(desk);
    return { body: rest };
  },
});

const connections = defineRoute({
  ...{ method: 'GET', path: `${AT}/connections`, role: 'viewer', scope: 'l4' },
  summary: 'The connection table, page by page.',
  query: z.strictObject({
    ...PAGE,
    virtual: word().optional().describe('Only those to this ADDRESS:PORT.'),
    real: word().optional().describe('Only those that this real server has.'),
    client: word().optional().describe('Only those of this address.'),
  }),
  reply: pageOf(FLOW).extend({
    isCut: z.boolean().describe('Whether the table has more than were looked at.'),
  }),
  async handle({ desk, query: { cursor, ...query } }) {
    const { flows, next, isCut } = await desk.read('flows', { ...query, after: keyOfCursor(cursor) });
    return { body: { items: flows, next: next === undefined ? undefined : cursorOf(next), isCut } };
  },
});

/** A real server as it is shown, with the state that its ETag is made of. */
async function realReply(desk: RemoteDesk, { service, real }: { service: string; real: string }) {
  const state = (await desk.read('state', { kind: 'l4-real', service, real })) as RealState;
  const { reals } = await serviceOf(desk, service);
  const found = reals.find(({ name, state: is }) => name === real && is !== 'leaving');
  if (!found) throw refuse(503, 'l4-down', 'the L4 process does not know it yet');
  return { body: { ...found, service, line: state.line }, state };
}

const oneReal = defineRoute({
  ...{ method: 'GET', path: `${AT}/services/{service}/reals/{real}`, role: 'viewer', scope: 'l4' },
  summary: 'One real server, with how many connections it has still.',
  params: z.strictObject(REAL_NAME),
  reply: ONE_REAL,
  handle: ({ desk, params }) => realReply(desk, params),
});

const changeReal = defineRoute({
  ...{ method: 'PATCH', path: `${AT}/services/{service}/reals/{real}`, role: 'operator', scope: 'l4' },
  summary:
    'Drains a real server (no new connections; the drain directive says how long those that are there may take), disables it (its connections get what on_dead says), takes it back, forces it up or down whatever its health checks say, or gives it another weight. Kept over restarts, until its line says something else.',
  changes: true,
  params: z.strictObject(REAL_NAME),
  body: z
    .strictObject({
      state: z.enum(COMMANDED_STATES).nullable().optional().describe('null: that of its line.'),
      health: z.enum(FORCED_HEALTH).nullable().optional().describe('null: as its checks say.'),
      weight: z.int().min(0).max(MOST_WEIGHT).nullable().optional().describe('null: that of its line.'),
    })
    .refine(
      ({ state, health, weight }) => state !== undefined || health !== undefined || weight !== undefined,
      'say state, health, weight, or several of them',
    ),
  reply: ONE_REAL,
  async handle({ desk, params, body, asker }) {
    await desk.change({ kind: 'l4-real', ...params, ...body }, asker);
    return realReply(desk, params);
  },
});

export const L4 = [services, service, stats, connections, oneReal, changeReal];
