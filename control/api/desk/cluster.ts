/** This node in the cluster: gives an instance away, takes part in no election, by the orders that `moat vrrp` gives. */
import type { Applier } from '../../apply.ts';
import { notThere, refuse } from '../refusal.ts';
import type { Change, WishOf } from './changes.ts';

async function figuresOf({ cluster }: Applier) {
  if (!cluster.model) throw notThere('there is no cluster block in force');
  const figures = await cluster.figures();
  if (!figures) throw refuse(503, 'cluster-down', 'the cluster process does not answer');
  return figures;
}

async function instanceState({ instance }: WishOf<'failover'>, applier: Applier) {
  const found = (await figuresOf(applier)).instances.find(({ name }) => name === instance);
  if (!found) throw notThere(`there is no vrrp_instance "${instance}"`);
  const { name, state, yielding, priority } = found;
  return { instance: name, state, yielding, priority };
}

export const FAILOVER: Change<WishOf<'failover'>> = {
  state: instanceState,
  after: instanceState,
  async act({ instance }, applier) {
    await applier.cluster.order({ kind: 'failover', instance });
  },
};

const maintenanceState = async (_: WishOf<'maintenance'>, applier: Applier) => ({
  on: (await figuresOf(applier)).maintenance,
});

export const MAINTENANCE: Change<WishOf<'maintenance'>> = {
  state: maintenanceState,
  after: maintenanceState,
  async act({ on = false, reason = '' }, applier) {
    await applier.cluster.order({ kind: 'maintenance', on, reason });
  },
};
