/** What the threads of counters.test.ts do. */
import { Counters, type SharedCounters } from '../../../l7/zone/counters.ts';
import type { Duty } from './crew.ts';

export type Job = { readonly old: SharedCounters; readonly shared: SharedCounters; readonly turns: number };

/** Counts `turns` times in the old counters, inherits half-way, and counts on through both. */
export function countOn({ slot, data }: Duty): void {
  const { old, shared, turns } = data as Job;
  const before = new Counters(old, slot);
  const after = new Counters(shared, slot);
  const hits = before.index('hits');
  const ms = before.index('ms');
  for (let turn = 0; turn < turns; turn++) {
    if (turn === turns / 2) after.inherit(before);
    before.add(hits, 1);
    before.observe(ms, turn % 20);
    if (turn >= turns / 2) after.add(after.index('hits'), 1);
  }
}
