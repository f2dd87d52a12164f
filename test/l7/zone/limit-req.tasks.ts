/** What the threads of limit-req.test.ts do. */
import { account, reqLimit, reqOutcome } from '../../../l7/zone/limit-req.ts';
import { ReqZone } from '../../../l7/zone/req-zone.ts';
import type { Duty } from './crew.ts';

export type Storm = { readonly sabs: SharedArrayBuffer[]; readonly burst: number; readonly turns: number };

/** Sends `turns` requests of one client at one moment through all zones; says how many passed. */
export function storm({ owner, data }: Duty): number {
  const { sabs, burst, turns } = data as Storm;
  const limits = sabs.map(sab => reqLimit(new ReqZone(sab, 1, owner), burst, Infinity));
  const keys = sabs.map(() => 'client');
  const outcome = reqOutcome();
  let passed = 0;
  for (let i = 0; i < turns; i++) if (account(limits, keys, 1e6, outcome).verdict === 'pass') passed++;
  return passed;
}
