/** The members that a pool has at a time, ready for choosing. A pool gets a new one when they change. */
import type { PoolModel } from '#model/l7/upstream.ts';
import { type Ask, type Balancer, NOBODY } from '../balance/balancer.ts';
import { Group } from '../balance/group.ts';
import { BALANCERS } from '../balance/table.ts';
import { type Peers, STATE } from '../zone/peers.ts';
import type { Member } from './member.ts';

export class Roster {
  readonly peers: Peers;
  /** Primaries, then backups: in the order of `peers.names`. */
  readonly members: readonly Member[];
  readonly primaries: Group;
  readonly backups: Group;
  /** How many members are not marked down. */
  readonly tries: number;
  readonly #primary: Balancer;
  readonly #backup: Balancer;

  constructor(model: PoolModel, peers: Peers, members: readonly Member[]) {
    this.peers = peers;
    this.members = members;
    const firstBackup = members.findIndex(member => member.model.backup);
    const border = firstBackup === -1 ? members.length : firstBackup;
    this.primaries = new Group(peers, members, 0, border);
    this.backups = new Group(peers, members, border, members.length);
    this.tries = members.filter(member => !member.model.down).length;
    const { make } = BALANCERS[model.balance.method];
    this.#primary = make(this.primaries, model.balance, Math.random);
    this.#backup = make(this.backups, model.balance, Math.random);
  }

  /** Whether requests are counted as waiting, and until when. */
  get waitsFor(): Balancer['waitsFor'] {
    return this.#primary.waitsFor;
  }

  /**
   * Chooses among the primaries, and if none of them may be used among the backups; counts the choice as in flight.
   *
   * @param bound the members that the session belongs to, the best first
   * @returns the index of a member, or NOBODY
   */
  pick(ask: Ask, bound: readonly number[]): number {
    const { lock } = this.peers;
    lock.acquire();
    try {
      const index = choose(this.primaries, this.#primary, ask, bound);
      return index !== NOBODY ? index : choose(this.backups, this.#backup, ask, bound);
    } finally {
      lock.release();
    }
  }

  groupOf(index: number): Group {
    return index < this.primaries.end ? this.primaries : this.backups;
  }

  balancerOf(index: number): Balancer {
    return index < this.primaries.end ? this.#primary : this.#backup;
  }

  /** Whether a member other than this one could be used now, as far as its state tells. */
  hasOther(index: number): boolean {
    return this.members.some((_, other) => other !== index && this.peers.state(other) === 0);
  }

  /** How many members are ejected. */
  get ejected(): number {
    return this.members.filter((_, index) => this.peers.state(index) & STATE.ejected).length;
  }
}

function choose(group: Group, balancer: Balancer, ask: Ask, bound: readonly number[]): number {
  if (group.first === group.end) return NOBODY;
  let index = NOBODY;
  for (let at = 0; at < bound.length && index === NOBODY; at++)
    if (group.usableForSession(bound[at]!, ask)) index = bound[at]!;
  if (index === NOBODY) index = balancer.pick(ask);
  if (index !== NOBODY) group.begin(index, ask.nowMs);
  return index;
}
