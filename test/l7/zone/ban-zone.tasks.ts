/** What the threads of ban-zone.test.ts do. */
import { type BanRule, BanZone } from '../../../l7/zone/ban-zone.ts';
import { openZone } from '../../../l7/zone/table.ts';
import type { Duty } from './crew.ts';

export type Storm = {
  readonly bans: SharedArrayBuffer;
  readonly strikes: SharedArrayBuffer;
  readonly rule: BanRule;
  readonly turns: number;
};

/** Strikes the same client `turns` times at one moment; says how often that banned it. */
export function storm({ owner, data }: Duty): number {
  const { bans, strikes, rule, turns } = data as Storm;
  const zone = new BanZone(openZone(bans, { owner }), openZone(strikes, { owner }));
  let banned = 0;
  for (let turn = 0; turn < turns; turn++) if (zone.strike(rule, 'client', 1e12)) banned++;
  return banned;
}
