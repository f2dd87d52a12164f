/** Of two members drawn by lot the less busy one. */
import { type Balancer, type BalancerMaker, MOST_ROUNDS, NOBODY } from './balancer.ts';
import { Estimate } from './estimate.ts';
import type { Group } from './group.ts';
import { Shares } from './shares.ts';

/** O(log members) a draw; busy is who has more requests in flight for its weight, or would take longer. */
export const randomTwo: BalancerMaker = (group, model, draw): Balancer => {
  if (model.by === 'connections') {
    return { pick: twoOf(group, draw, index => group.peers.inFlight(index)) };
  }
  const estimate = new Estimate(group, model.by, model.inflight);
  let nowMs = 0;
  const pick = twoOf(group, draw, index => estimate.remainingMs(index, nowMs));
  return {
    pick(ask) {
      nowMs = ask.nowMs;
      return pick(ask);
    },
    observe: (index, attempt) => estimate.observe(index, attempt),
    ...estimate.waiting,
  };
};

/** nginx's way: two different members that may be used; with none or one of them found in 21 draws, turns decide. */
function twoOf(group: Group, draw: () => number, load: (index: number) => number): Balancer['pick'] {
  const shares = new Shares(group);
  return ask => {
    if (group.size < 2) return group.nextTurn(ask);
    let first = NOBODY;
    for (let round = 0; round <= MOST_ROUNDS; round++) {
      const index = shares.at(draw() * group.totalWeight);
      if (index === first || !group.usable(index, ask)) continue;
      if (first === NOBODY) {
        first = index;
        continue;
      }
      const { weight } = group.peers;
      return load(index) * weight[first]! > load(first) * weight[index]! ? first : index;
    }
    return group.nextTurn(ask);
  };
}
