/** Of the nodes of a cluster one orders for all: whoever has the addresses, since authorities come there and ask. */
import type { ClusterPlane } from '#cluster';

/** @returns true also where no virtual router says otherwise */
export async function ordersHere(cluster: ClusterPlane): Promise<boolean> {
  if ((cluster.model?.instances.length ?? 0) === 0) return true;
  const figures = await cluster.figures();
  return figures?.instances.some(({ state }) => state === 'active') ?? false;
}
