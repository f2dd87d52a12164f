/** What the threads of shared-store.test.ts do. */
import { SharedStore } from '../../../l7/waf/shared-store.ts';
import type { Duty } from '../zone/crew.ts';

export type Sum = { readonly sab: SharedArrayBuffer; readonly turns: number };

/** Adds one to the same value, `turns` times, and to one of its own. */
export function count({ owner, slot, data }: Duty): number {
  const { sab, turns } = data as Sum;
  const store = new SharedStore(sab, owner, Date.now);
  for (let turn = 0; turn < turns; turn++) {
    const record = store.open('IP', '192.0.2.1', 3600);
    record.add('hits', 'hits', 1);
    record.add(`own${slot}`, `own${slot}`, 1);
  }
  return turns;
}
