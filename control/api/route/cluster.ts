/** Routes of the cluster: virtual routers, maintenance, partitions that were. */
import { z } from 'zod';
import type { ClusterFigures } from '#cluster';
import { explainText } from '../../status/vrrp-explain.ts';
import { PAGE, pageFrom, pageOf } from '../page.ts';
import { notThere } from '../refusal.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import { defineRoute, word } from './route.ts';

const AT = '/api/v1/cluster' as const;

const INSTANCE = z.looseObject({
  name: z.string(),
  state: z.string().describe('initialize, backup, or active'),
  priority: z.int(),
  addresses: z.array(z.string()),
  faults: z.array(z.string()),
});
const NAME = z.strictObject({ instance: word().describe('The name of a vrrp_instance.') });
const MAINTENANCE = z.strictObject({ on: z.boolean() });

/** @throws {Refusal} 404 when there is no cluster block */
async function figuresOf(desk: RemoteDesk): Promise<ClusterFigures> {
  const figures = await desk.read('cluster', undefined);
  if (!figures) throw notThere('there is no cluster block in force, or its process is down');
  return figures;
}

async function instanceOf(desk: RemoteDesk, name: string) {
  const figures = await figuresOf(desk);
  const found = figures.instances.find(instance => instance.name === name);
  if (!found) throw notThere(`there is no vrrp_instance "${name}"`);
  return { figures, found };
}

const cluster = defineRoute({
  ...{ method: 'GET', path: AT, role: 'viewer', scope: 'cluster' },
  summary: 'This node in its cluster: virtual routers, the other node by each path, the witness.',
  reply: z.looseObject({ maintenance: z.boolean(), instances: z.array(INSTANCE) }),
  handle: async ({ desk }) => ({ body: await figuresOf(desk) }),
});

const instances = defineRoute({
  ...{ method: 'GET', path: `${AT}/vrrp`, role: 'viewer', scope: 'cluster' },
  summary: 'Virtual routers.',
  query: z.strictObject(PAGE),
  reply: pageOf(INSTANCE),
  handle: async ({ desk, query }) => ({
    body: pageFrom((await figuresOf(desk)).instances, query, ({ name }) => name),
  }),
});

const instance = defineRoute({
  ...{ method: 'GET', path: `${AT}/vrrp/{instance}`, role: 'viewer', scope: 'cluster' },
  summary: 'One virtual router.',
  params: NAME,
  reply: INSTANCE,
  async handle({ desk, params }) {
    const state = await desk.read('state', { kind: 'failover', ...params });
    return { body: (await instanceOf(desk, params.instance)).found, state };
  },
});

const explain = defineRoute({
  ...{ method: 'GET', path: `${AT}/vrrp/{instance}/explain`, role: 'viewer', scope: 'cluster' },
  summary: 'Who would win, and why, as moat vrrp explain says it.',
  params: NAME,
  reply: z.strictObject({ lines: z.array(z.string()) }),
  async handle({ desk, params }) {
    const { figures, found } = await instanceOf(desk, params.instance);
    const text = explainText({ ...figures, instances: [found] });
    return { body: { lines: text.trimEnd().split('\n') } };
  },
});

const failover = defineRoute({
  ...{ method: 'POST', path: `${AT}/vrrp/{instance}/failover`, role: 'operator', scope: 'cluster' },
  summary:
    'Gives the addresses of an active instance to another node; of one that was given away, it may take them back. A backup says nothing, so whether one is there cannot be told.',
  changes: true,
  params: NAME,
  reply: INSTANCE,
  async handle({ desk, params, asker }) {
    const state = await desk.change({ kind: 'failover', ...params }, asker);
    return { body: (await instanceOf(desk, params.instance)).found, state };
  },
});

const maintenance = defineRoute({
  ...{ method: 'GET', path: `${AT}/maintenance`, role: 'viewer', scope: 'cluster' },
  summary: 'Whether this node takes part in no election.',
  reply: MAINTENANCE,
  async handle({ desk }) {
    const state = await desk.read('state', { kind: 'maintenance' });
    return { body: state, state };
  },
});

const setMaintenance = defineRoute({
  ...{ method: 'PUT', path: `${AT}/maintenance`, role: 'operator', scope: 'cluster' },
  summary: 'Takes this node out of all elections, even after a restart, or has it take part again.',
  changes: true,
  body: z.strictObject({ on: z.boolean(), reason: word().optional().describe('For the log.') }),
  reply: MAINTENANCE,
  async handle({ desk, body, asker }) {
    const state = await desk.change({ kind: 'maintenance', ...body }, asker);
    return { body: state, state };
  },
});

const incidents = defineRoute({
  ...{ method: 'GET', path: `${AT}/incidents`, role: 'viewer', scope: 'cluster' },
  summary: 'Partitions that were, as both nodes saw them, from the oldest on.',
  query: z.strictObject(PAGE),
  reply: pageOf(z.looseObject({ own: z.looseObject({ startedAtMs: z.number() }) })),
  async handle({ desk, query }) {
    const found = (await figuresOf(desk)).heartbeat?.incidents ?? [];
    return { body: pageFrom(found, query, ({ own }) => `${own.startedAtMs} ${own.endedAtMs}`) };
  },
});

export const CLUSTER = [
  ...[cluster, instances, instance, explain, failover],
  ...[maintenance, setMaintenance, incidents],
];
