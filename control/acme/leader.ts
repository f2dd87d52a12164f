/** Of the nodes of a cluster one orders for all: whoever has the addresses, since authorities come there and ask. */
import type { ClusterPlane } from '#cluster';
import type { L7Plane, StoreFigures } from '#l7';

/** @returns true also where no virtual router says otherwise */
export async function ordersHere(cluster: ClusterPlane): Promise<boolean> {
  if ((cluster.model?.instances.length ?? 0) === 0) return true;
  const figures = await cluster.figures();
  return figures?.instances.some(({ state }) => state === 'active') ?? false;
}

/** How many other nodes hear what this one says, and whether it has heard all that they have. */
export interface Company {
  readonly listeners: number;
  readonly isInStep: boolean;
}

/** @returns undefined where nothing is shared */
export async function companyOf(cluster: ClusterPlane, plane: L7Plane): Promise<Company | undefined> {
  if (!cluster.model?.sessionStore) return undefined;
  return companyIn(await plane.store());
}

function companyIn(figures: StoreFigures | undefined): Company {
  if (!figures) return { listeners: 0, isInStep: false };
  // Nobody knows who reads what lies in Redis: there is one, until it is clear that there are more.
  if (figures.kind === 'redis')
    return { listeners: Math.max(1, figures.nodes), isInStep: figures.state === 'in-step' };
  const { peers } = figures;
  return {
    listeners: peers.filter(({ told }) => told === 'in-step').length,
    isInStep: peers.every(({ told, heard }) => told === 'in-step' && heard === 'in-step'),
  };
}
