/** The member with the fewest requests in flight for its weight. */
import type { BalancerMaker } from './balancer.ts';
import { leastLoaded } from './ties.ts';

/** O(members × threads) a choice: requests in flight are summed over the threads. */
export const leastConn: BalancerMaker = group => {
  const load = (index: number) => group.peers.inFlight(index);
  return { pick: ask => leastLoaded(group, ask, load) };
};
