/** Members take turns, as often as their weights say. */
import type { BalancerMaker } from './balancer.ts';

/** nginx's smooth weighted round robin: weights 5 1 1 give a a b a c a a. O(members) a choice. */
export const roundRobin: BalancerMaker = group => ({ pick: ask => group.nextTurn(ask) });
