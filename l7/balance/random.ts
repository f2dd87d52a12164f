/** A member drawn by lot, with its weight as its chance. */
import { type BalancerMaker, MOST_ROUNDS } from './balancer.ts';
import { Shares } from './shares.ts';

/** O(log members) a draw; after 21 draws that met members out of use, turns decide. */
export const random: BalancerMaker = (group, _model, draw) => {
  const shares = new Shares(group);
  return {
    pick(ask) {
      if (group.size < 2) return group.nextTurn(ask);
      for (let round = 0; round <= MOST_ROUNDS; round++) {
        const index = shares.at(draw() * group.totalWeight);
        if (group.usable(index, ask)) return index;
      }
      return group.nextTurn(ask);
    },
  };
};
