/** `moat drill`: breaks a pair in every way it knows, on hosts of its own on this machine, and tells what came of it. */
import { FORWARD_MODES } from '#model/l4/virtual-server.ts';
import { Box, type BoxOptions } from '../box/box.ts';
import { type Blow, strike } from '../box/drill.ts';
import { lineOf, tableOfBlows } from '../box/drill-table.ts';
import type { Fault } from '../box/fault.ts';
import { faultsOf, partitionsMissing } from '../box/faults.ts';
import { boxMissing } from '../box/missing.ts';
import { until } from '../box/net/host.ts';
import {
  directorsOf,
  interruption,
  moatWords,
  modeOf,
  numberOf,
  rateOf,
  WITNESS_HELP,
  witnessOf,
} from '../box/options.ts';
import { Owners } from '../box/owners.ts';
import { randomFrom } from '../box/random.ts';
import { complain, say } from '../complaint.ts';
import { OptionFault, readOptions } from '../options.ts';

const OPTIONS = {
  seed: { type: 'string' },
  faults: { type: 'string' },
  only: { type: 'string', multiple: true },
  mode: { type: 'string' },
  rate: { type: 'string' },
  directors: { type: 'string' },
  witness: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** When nobody reads its events, it ends as by Ctrl-C. */
export const outlivesReader = true;

/** What `--help` prints. */
export const help = `moat drill [OPTIONS]: as root, builds both tiers on hosts of their own (network namespaces), with a client that keeps asking, and breaks
them: each fault once, or random ones. After each, one node alone must have the virtual addresses, they must answer, the
directors must agree on the proxies and know each other's connections, and where it is promised no request may have failed and no connection
may have ended. All the time the kernels of the pair are watched: no two may have an address for longer than a second, and with a witness
never. Nothing else on this machine is touched.

  --seed N       random faults; the same ones for the same number
  --faults N     so many of them (20)
  --only TEXT    those alone whose name has this text; it may be said again
  --mode MODE    how the directors forward: ${FORWARD_MODES.join(', ')} (dr)
  --directors N  2, or 0: the pair is that of the proxies (2)
${WITNESS_HELP}  --rate N       requests a second of the client, 1 to 2000 (100)
  --json         a line of JSON a fault
  --help         this text
`;
const FAULTY = 1;
const MOST_FAULTS = 100_000;
const MOST_SEED = 2 ** 32 - 1;

/** @returns 1 when something was not as it should be, or the box cannot be built */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, OPTIONS);
  const seed = values.seed === undefined ? undefined : numberOf(values.seed, 0, MOST_SEED, 'a seed');
  if (values.faults !== undefined && seed === undefined)
    throw new OptionFault('--faults is a number of random ones: say --seed too');
  const count = numberOf(values.faults, 20, MOST_FAULTS, 'a number of faults');
  const directors = directorsOf(values.directors);
  if (directors === 1) throw new OptionFault('one director is no pair: say 2, or 0');
  const options = {
    ...{ http: 8080, https: 8443, mode: modeOf(values.mode), directors, witness: witnessOf(values.witness) },
    perSecond: rateOf(values.rate, 100),
    moat: moatWords(),
  };
  const missing = boxMissing();
  if (missing) {
    complain('error', `${missing.what}: ${missing.remedy}`);
    return FAULTY;
  }
  const partitions = partitionsMissing();
  if (partitions !== undefined) say(`moat drill: ${partitions}\n`);
  const { signal } = interruption();
  const box = await opened(options, signal);
  if (!box) return FAULTY;
  const owners = new Owners(box.holders, box.movable);
  try {
    const all = wanted(faultsOf(box), values.only);
    const isWell = await drill({ box, owners }, all, { seed, count, json: values.json === true, signal });
    return (await ended(box)) && isWell ? 0 : FAULTY;
  } catch (fault) {
    await ended(box);
    throw fault;
  } finally {
    owners.close();
  }
}

/** @throws {OptionFault} when a text is in no name */
function wanted(all: readonly Fault[], texts: readonly string[] = ['']): readonly Fault[] {
  const strange = texts.find(text => !all.some(({ name }) => name.includes(text)));
  if (strange === undefined) return all.filter(({ name }) => texts.some(text => name.includes(text)));
  throw new OptionFault(`no fault is named "${strange}": ${all.map(({ name }) => name).join('; ')}`);
}

/** Undefined: it could not be built, which was told, or it was interrupted; nothing is left of it. */
async function opened(options: BoxOptions, signal: AbortSignal): Promise<Box | undefined> {
  try {
    return await Box.open(options, signal);
  } catch (fault) {
    say(`moat drill: ${signal.aborted ? 'interrupted' : (fault as Error).message.trimEnd()}\n`);
    return undefined;
  }
}

/** @returns whether nothing is left */
async function ended(box: Box): Promise<boolean> {
  const left = await box.close();
  if (left.length > 0)
    say(`moat drill: what could not be removed:\n${left.map(line => `  ${line}\n`).join('')}`);
  return left.length === 0;
}

interface Place {
  readonly box: Box;
  readonly owners: Owners;
}

interface Course {
  /** Undefined: each once. */
  readonly seed: number | undefined;
  readonly count: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** @returns whether all was as it should be */
async function drill(place: Place, all: readonly Fault[], course: Course): Promise<boolean> {
  const { json } = course;
  const blows: Blow[] = [];
  const done = (blow: Blow) => {
    blows.push(blow);
    process.stdout.write(json ? `${JSON.stringify(blow)}\n` : lineOf(blow));
  };
  let isWhole = true;
  try {
    await strikeAll(place, chosenOf(all, course), course.signal, done);
  } catch (fault) {
    isWhole = false;
    say(`moat drill: ${(fault as Error).message.trimEnd()}\n`);
  }
  const bad = blows.filter(({ wrong }) => wrong.length > 0).length;
  if (!json)
    process.stdout.write(`\n${tableOfBlows(blows)}\n${blows.length} faults, ${bad} not as they should be\n`);
  return isWhole && bad === 0;
}

function chosenOf(all: readonly Fault[], { seed, count }: Course): readonly Fault[] {
  if (seed === undefined) return all;
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => all[Math.floor(random() * all.length)]!);
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
