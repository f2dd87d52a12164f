/** Sessions that moat learns from the answers of the members. */

import { monotonicMs } from '../../clock.ts';
import type { Exchange } from '../../exchange.ts';
import { StickyTable, UNKNOWN } from '../../zone/sticky-table.ts';
import type { Member } from '../member.ts';
import { firstOf } from './first.ts';
import { type StickyMaker, UNBOUND } from './sticky.ts';

export const stickyLearn: StickyMaker<'learn'> = (model, { text, memory, owner }) => {
  const create = model.create.map(text);
  const lookup = model.lookup.map(text);
  const sab = memory(model.zone.name);
  let table: StickyTable;
  let lists: readonly (readonly number[])[] = [];

  /** As nginx: an answer that names a session makes it; one that does not keeps the request's, if that is known. */
  const learn = (exchange: Exchange, { index }: Member) => {
    const nowMs = monotonicMs();
    const made = firstOf(create, exchange);
    if (made !== '') return table.learn(made, index, nowMs);
    const asked = firstOf(lookup, exchange);
    if (asked === '' || table.find(asked, nowMs) === index) return;
    if (table.forget(asked, nowMs)) table.learn(asked, index, nowMs);
  };

  return {
    follow({ members, peers }) {
      table = new StickyTable(sab, model.timeoutMs, peers.names.slice(0, members.length), owner);
      lists = members.map((_, index) => [index]);
    },
    bound(exchange) {
      const session = firstOf(lookup, exchange);
      const index = session === '' ? UNKNOWN : table.find(session, monotonicMs());
      return index === UNKNOWN ? UNBOUND : lists[index]!;
    },
    answered(exchange, member) {
      if (model.header) learn(exchange, member);
    },
    completed(exchange, member) {
      if (!model.header) learn(exchange, member);
    },
  };
};
