/** A pool as the threads are given it: its members, looked up, and the memory of their state. Plain data. */
import type { MemberModel, PoolModel } from '#model/l7/upstream.ts';
import { Peers, type SharedPeers, STATE } from '../zone/peers.ts';
import type { PeersWish } from '../zone/wish.ts';
import { stateName } from './member.ts';

/** In pools with a queue the last of the peers is not a member: who waits is counted there. */
const QUEUE_NAME = '(queue)';

export interface PoolShare {
  readonly pool: string;
  /** With addresses in place of names; primaries first. In the order of the peers. Undefined: as configured. */
  readonly members: readonly MemberModel[] | undefined;
  readonly shared: SharedPeers;
  /** Tells memories apart: they are posted again and again, and look different each time. */
  readonly generation: number;
  /** The generation before, whose views hand over to those of this one. */
  readonly was: number | undefined;
}

/** Members and the thread's own view of their state. */
export interface PoolMembers {
  readonly members: readonly MemberModel[];
  readonly peers: Peers;
}

export const membersOf = (share: PoolShare, model: PoolModel): readonly MemberModel[] =>
  share.members ?? primariesFirst(model.members);

export function primariesFirst(members: readonly MemberModel[]): MemberModel[] {
  return [...members.filter(member => !member.backup), ...members.filter(member => member.backup)];
}

/** @param members primaries first */
export function peersWish(pool: PoolModel, members: readonly MemberModel[]): PeersWish {
  const names = members.map(stateName);
  const weights = members.map(member => member.weight);
  return {
    kind: 'peers',
    name: pool.name,
    members: pool.queue ? [...names, QUEUE_NAME] : names,
    weights: pool.queue ? [...weights, 1] : weights,
  };
}

/** Sets the bits of the state that the configuration decides. */
export function configureState(peers: Peers, members: readonly MemberModel[]): void {
  members.forEach(({ down, drain }, index) => {
    const bits = (down ? STATE.down : 0) | (drain ? STATE.drain : 0);
    peers.clear(index, (STATE.down | STATE.drain) & ~bits);
    peers.raise(index, bits);
  });
}

/** Members whose state no other thread shares: of pools that stand for one address. */
export function membersAlone(pool: PoolModel, owner: number): PoolMembers {
  const members = primariesFirst(pool.members);
  const wish = peersWish(pool, members);
  const peers = new Peers(Peers.create(wish.members, wish.weights, 1), 0, owner);
  configureState(peers, members);
  return { members, peers };
}
