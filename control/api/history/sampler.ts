/** Looks at the program and the host once a second, and hands on what it saw. */
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '#kit/within.ts';
import type { AutoscaleModel } from '#model/autoscale.ts';
import type { CpuWatch } from '../../autoscale/cpu-watch.ts';
import { addLoads } from '../../autoscale/readings.ts';
import type { Sample } from '../../status/sample.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import { Host } from './host.ts';
import { readInto } from './readings.ts';

const EVERY_MS = 1000;
const PATIENCE_MS = 5000;

/**
 * @param take is called with the second of 1970 and what was so in it @param signal ends it
 * @param scaled pools that more is measured of @param cpu how busy members are
 */
export async function sample(
  desk: Pick<RemoteDesk, 'read'>,
  take: (nowS: number, values: Map<string, number>) => void,
  signal: AbortSignal,
  scaled: readonly AutoscaleModel[] = [],
  cpu?: Pick<CpuWatch, 'readInto'>,
): Promise<void> {
  const host = new Host();
  let before: Sample | undefined;
  while (!signal.aborted) {
    await sleep(EVERY_MS - (Date.now() % EVERY_MS), undefined, { signal, ref: false }).catch(() => {}); // it is over
    if (signal.aborted) return;
    const values = new Map<string, number>();
    const askedMs = performance.now();
    const report = await within(PATIENCE_MS, desk.read('status', undefined)).catch(() => undefined);
    values.set('control_up', report ? 1 : 0);
    values.set('control_answer_seconds', (performance.now() - askedMs) / 1000);
    const now = report && { report, atMs: askedMs };
    if (now) {
      readInto(values, now, before);
      addLoads(values, scaled, now, before);
      cpu?.readInto(values, now);
    }
    before = now;
    host.readInto(values, askedMs);
    take(Math.floor(Date.now() / 1000), values);
  }
}
