/** A member of a pool: drained, taken down, weighed, added and removed, by the orders that `moat pool` gives. */
import type { MemberSaid, PoolSnapshot } from '#l7';
import type { Applier } from '../../apply.ts';
import { orderPool } from '../../pool/order.ts';
import { notThere, refuse } from '../refusal.ts';
import type { Change, WishOf } from './changes.ts';

type MemberWish = WishOf<'pool-member'>;

/** What an operator has said of it, beside what its line says. */
export interface MemberState {
  readonly pool: string;
  readonly member: string;
  /** Absent: it was added by command. */
  readonly line?: { readonly state: 'ready' | 'drain' | 'down'; readonly weight: number } | undefined;
  readonly command?: MemberSaid | undefined;
}

/** @throws {Refusal} when there is none, or the L7 process is down */
async function poolOf(name: string, { plane }: Applier): Promise<PoolSnapshot> {
  const status = await plane.status();
  if (!status) throw refuse(503, 'l7-down', 'the L7 process does not answer');
  const found = status.pools.find(pool => pool.name === name);
  if (!found) throw notThere(`there is no pool "${name}"`);
  return found;
}

async function memberState({ pool, member }: MemberWish | WishOf<'pool-remove'>, applier: Applier) {
  const { members } = await poolOf(pool, applier);
  const found = members.find(({ name }) => name === member);
  if (!found) throw notThere(`pool "${pool}" has no member "${member}"`);
  const { line, command } = found;
  return { pool, member, line, command } satisfies MemberState;
}

export const POOL_MEMBER: Change<MemberWish> = {
  state: memberState,
  after: memberState,
  async act(wish, applier, before) {
    const { line, command } = before as MemberState;
    const { state = command?.state, weight = command?.weight } = wish;
    if (state === 'drain' && line?.state === 'down')
      throw refuse(409, 'configured', 'its line says down: it has nothing to drain');
    const said = { state: state ?? undefined, weight: weight ?? undefined };
    const { pool, member } = wish;
    await orderPool({ pool, member, order: { kind: 'say', said } }, applier);
  },
};

/** The members of a pool, to which one is added or from which one goes. */
async function membersState({ pool }: { readonly pool: string }, applier: Applier) {
  const { members, removed } = await poolOf(pool, applier);
  return { pool, members: [...new Set(members.map(({ name }) => name))], removed };
}

export const POOL_ADD: Change<WishOf<'pool-add'>> = {
  state: membersState,
  after: membersState,
  async act({ pool, member, words }, applier) {
    await orderPool({ pool, member, order: { kind: 'add', words } }, applier);
  },
};

export const POOL_REMOVE: Change<WishOf<'pool-remove'>> = {
  state: memberState,
  after: () => Promise.resolve(null),
  async act({ pool, member }, applier) {
    await orderPool({ pool, member, order: { kind: 'remove' } }, applier);
  },
};
