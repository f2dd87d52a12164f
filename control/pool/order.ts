/** Orders to members of pools, from whatever way in. */
import { type MemberTarget, memberOrderText, type PoolOrder } from '#l7';
import type { Applier } from '../apply.ts';
import { newMember } from './new-member.ts';

type Plain = Exclude<PoolOrder['order'], { kind: 'add' }>;

/** As it comes in: a member that is to be added is told by the words of its line. */
export interface PoolWish extends Omit<PoolOrder, 'order'> {
  readonly order: Plain | { readonly kind: 'add'; readonly words: readonly string[] };
}

/** @returns which ones were meant @throws {Error} with the reason; then nothing has changed */
export async function orderPool(
  { pool, member, order }: PoolWish,
  { plane, log }: Pick<Applier, 'plane' | 'log'>,
): Promise<readonly MemberTarget[]> {
  const whole: PoolOrder['order'] =
    order.kind === 'add' ? { kind: 'add', model: newMember(member, order.words) } : order;
  if (whole.kind === 'add' && pool === undefined) throw new Error('a member is added to one pool: say which');
  const done = await plane.orderPool({ pool, member, order: whole });
  for (const target of done)
    log.notice(`${target.member} of pool "${target.pool}": ${memberOrderText(whole)} by command`);
  return done;
}
