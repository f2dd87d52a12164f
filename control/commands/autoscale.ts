/** `moat autoscale simulate`: what a pool's autoscale would have done with the load that was recorded. Nobody is told anything. */
import { closeSync, openSync } from 'node:fs';
import { parseDurationMs } from '#kit/units.ts';
import type { AutoscaleModel } from '#model/autoscale.ts';
import { RingFile } from '../api/history/ring-file.ts';
import { pictureOf } from '../autoscale/picture.ts';
import { loadCurve } from '../autoscale/readings.ts';
import { minutesOf } from '../autoscale/recorded.ts';
import { type Simulation, simulate } from '../autoscale/simulate.ts';
import { complain, complainOf } from '../complaint.ts';
import { bytesOf } from '../host/path-bytes.ts';
import { load } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';

const FAULTY = 1;
const OPTIONS = {
  ...CONFIG_OPTIONS,
  since: { type: 'string' },
  boot: { type: 'string' },
  json: { type: 'boolean' },
} as const;
const DAY_MS = 86_400_000;
const BOOT_MS = 60_000;

/** @returns 1 when the pool has no autoscale, or nothing is recorded */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 2);
  const [verb, pool] = positionals;
  if (verb !== 'simulate') throw new OptionFault(`"${verb ?? ''}" is not simulate`);
  if (pool === undefined) throw new OptionFault('simulate which pool?');
  const sinceMs = timeOf(values.since, DAY_MS, 'since');
  const bootMs = timeOf(values.boot, BOOT_MS, 'boot');
  const { model, diagnostics } = load(invocationFrom(values));
  complainOf(diagnostics, true);
  if (!model) return FAULTY;
  const scaled = model.api?.autoscale.find(one => one.pool === pool);
  if (!model.api || !scaled) {
    complain('error', `pool "${pool}" has no autoscale in this configuration`);
    return FAULTY;
  }
  try {
    const points = recorded(`${model.api.statePath}/metrics.ring`, scaled);
    const lastS = points.at(-1)?.[0] ?? 0;
    const simulation = simulate(scaled, points, lastS - sinceMs / 1000, bootMs / 1000);
    print(simulation, scaled, values.json ?? false);
    return 0;
  } catch (fault) {
    complain('error', (fault as Error).message);
    return FAULTY;
  }
}

/** @throws {OptionFault} */
function timeOf(text: string | undefined, standardMs: number, name: string): number {
  const ms = text === undefined ? standardMs : parseDurationMs(text);
  if (ms === undefined) throw new OptionFault(`--${name} "${text}" is not a time: write 3d, 12h, 90s`);
  return ms;
}

/** @throws {Error} with the way out */
function recorded(path: string, scaled: AutoscaleModel): [number, number][] {
  let fd: number;
  try {
    fd = openSync(bytesOf(path), 'r');
  } catch (fault) {
    throw new Error(
      `the history of metrics "${path}" cannot be read: ${(fault as NodeJS.ErrnoException).code}`,
    );
  }
  try {
    const points = minutesOf(new RingFile(fd), loadCurve(scaled));
    if (points.length > 0) return points;
    throw new Error(
      `nothing is recorded of ${scaled.load.replaceAll('-', ' ')} of pool "${scaled.pool}": it is, a minute after moat runs with its autoscale line`,
    );
  } finally {
    closeSync(fd);
  }
}

function print(simulation: Simulation, scaled: AutoscaleModel, isJson: boolean): void {
  process.stdout.write(isJson ? `${JSON.stringify(simulation)}\n` : pictureOf(simulation, scaled));
}
