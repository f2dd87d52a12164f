/** The member that would be done first, by the times of its answers and what it has in flight. */
import type { BalancerMaker } from './balancer.ts';
import { Estimate } from './estimate.ts';
import { leastLoaded } from './ties.ts';

/** O(members × threads) a choice. */
export const leastTime: BalancerMaker = (group, model) => {
  const estimate = new Estimate(group, model.by, model.inflight);
  let nowMs = 0;
  const load = (index: number) => estimate.remainingMs(index, nowMs);
  return {
    pick(ask) {
      nowMs = ask.nowMs;
      return leastLoaded(group, ask, load);
    },
    observe: (index, attempt) => estimate.observe(index, attempt),
    ...estimate.waiting,
  };
};
