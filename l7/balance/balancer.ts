/** What every way of balancing is: a choice among the members of a group. */
import type { BalanceModel } from '#model/l7/upstream.ts';
import type { Member } from '../upstream/member.ts';
import type { Attempt } from '../variable/upstream.ts';
import type { Group } from './group.ts';

/** No member may be used. */
export const NOBODY = -1;

/** Hashing and drawing give up after this many members that could not be used, as nginx does; then turns decide. */
export const MOST_ROUNDS = 20;

/** What a choice goes by. A pool has one, and fills it in anew for each choice: nothing is allocated. */
export interface Ask {
  /** Members that failed this request already. */
  tried: ReadonlySet<Member> | undefined;
  /** Of the clock that all threads share. */
  nowMs: number;
  /** What hashing goes by; '' where the method has no key. */
  key: string;
  /** Set by the group: a member was passed over for nothing but its limit of requests in flight. */
  full: boolean;
  /** Set by the group: the last member whose ejection ended with this choice, or NOBODY. */
  readmitted: number;
}

/** All methods are called with the lock of the pool held; none allocates. */
export interface Balancer {
  /** The index of the chosen member among all of the pool, or NOBODY. */
  pick(ask: Ask): number;
  /** Takes note of a try that went well. */
  observe?(index: number, attempt: Attempt, nowMs: number): void;
  /** Until when requests count as waiting (COUNT.waiting), for methods that look at that. */
  readonly waitsFor?: 'header' | 'last-byte';
}

/** @param random 0 <= r < 1 */
export type BalancerMaker = (group: Group, model: BalanceModel, random: () => number) => Balancer;
