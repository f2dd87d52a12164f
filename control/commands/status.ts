/** `moat status`: what the running program does, once, as JSON, or again every second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';
import { runningSocket } from '../running.ts';
import { askStatus } from '../status/client.ts';
import type { Sample } from '../status/sample.ts';
import { drawStatus } from '../status/table.ts';
import { CLEAR_SCREEN } from '../status/text.ts';

const OPTIONS = {
  ...CONFIG_OPTIONS,
  json: { type: 'boolean' },
  watch: { type: 'boolean', short: 'w' },
} as const;

/** How far apart the two looks are that a rate is counted from. */
const GLANCE_MS = 300;
const WATCH_MS = 1000;

/** @returns 1 when no program of this configuration answers */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, OPTIONS);
  const path = runningSocket(invocationFrom(values), false);
  if (path === undefined) return 1;
  try {
    if (values.json) process.stdout.write(`${JSON.stringify(await askStatus(path))}\n`);
    else if (values.watch) await watch(path);
    else process.stdout.write(await glance(path));
    return 0;
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return 1;
  }
}

async function glance(path: string): Promise<string> {
  const before = await sample(path);
  await sleep(GLANCE_MS);
  return drawStatus(await sample(path), before);
}

/** Draws until it is interrupted, or the program ends. */
async function watch(path: string): Promise<never> {
  let before: Sample | undefined;
  for (;;) {
    const now = await sample(path);
    process.stdout.write(CLEAR_SCREEN + drawStatus(now, before));
    before = now;
    await sleep(WATCH_MS);
  }
}

const sample = async (path: string): Promise<Sample> => ({
  report: await askStatus(path),
  atMs: performance.now(),
});
