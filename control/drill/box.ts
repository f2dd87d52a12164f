/** The drill of the box: each fault once, or random ones, and what came of each. */
import { Box, type BoxOptions } from '../box/box.ts';
import { type Blow, strike } from '../box/drill.ts';
import { seenOf } from '../box/drill-table.ts';
import type { Fault } from '../box/fault.ts';
import { faultsOf } from '../box/faults.ts';
import { until } from '../box/net/host.ts';
import { Owners } from '../box/owners.ts';
import { randomFrom } from '../box/random.ts';
import { say } from '../complaint.ts';
import { OptionFault } from '../options.ts';
import type { DrillResult } from './report.ts';

export interface Course {
  /** Undefined: each once. */
  readonly seed: number | undefined;
  /** Of random ones. */
  readonly count: number;
  /** Those alone whose name has one of these. */
  readonly only: readonly string[];
}

export const resultOf = (blow: Blow): DrillResult => ({
  ...{ fault: blow.fault, brokenMs: blow.brokenMs, seen: seenOf(blow), wrong: blow.wrong },
});

/**
 * @param done is told of each fault
 * @throws {OptionFault} when a text of `only` is in no name
 * @throws {Error} with the reason when it has to stop, or something is left of the box
 */
export async function drillBox(
  options: BoxOptions,
  course: Course,
  signal: AbortSignal,
  done: (blow: Blow) => void,
): Promise<void> {
  const box = await Box.open(options, signal);
  const owners = new Owners(box.holders, box.movable);
  let left: string[];
  try {
    await strikeAll({ box, owners }, chosenOf(wanted(faultsOf(box), course.only), course), signal, done);
  } finally {
    owners.close();
    left = await box.close();
    // Told whatever else has ended the drill.
    if (left.length > 0) say(`moat drill: what could not be removed: ${left.join(', ')}\n`);
  }
  if (left.length > 0) throw new Error('something is left of the box');
}

function wanted(all: readonly Fault[], only: readonly string[]): readonly Fault[] {
  const texts = only.length === 0 ? [''] : only;
  const strange = texts.find(text => !all.some(({ name }) => name.includes(text)));
  if (strange === undefined) return all.filter(({ name }) => texts.some(text => name.includes(text)));
  throw new OptionFault(`no fault is named "${strange}": ${all.map(({ name }) => name).join('; ')}`);
}

function chosenOf(all: readonly Fault[], { seed, count }: Course): readonly Fault[] {
  if (seed === undefined) return all;
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => all[Math.floor(random() * all.length)]!);
}

interface Place {
  readonly box: Box;
  readonly owners: Owners;
}

/** @throws {Error} with the reason when one cannot be struck, or not be mended */
async function strikeAll(
  { box, owners }: Place,
  faults: readonly Fault[],
  signal: AbortSignal,
  done: (blow: Blow) => void,
): Promise<void> {
  await owners.caughtUp();
  await box.settled();
  await until(() => signal.aborted || box.isBusy, 'all connections of the client');
  for (const fault of faults) {
    if (signal.aborted) return;
    try {
      done(await strike(box, owners, fault));
    } catch (cause) {
      throw new Error(`${fault.name}: ${(cause as Error).message}`, { cause });
    }
    box.trimLogs();
  }
}
