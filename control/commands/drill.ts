/** `moat drill`: breaks a pair in every way it knows, on hosts of its own on this machine, and tells what came of it. */
import { Box } from '../box/box.ts';
import { type Blow, strike } from '../box/drill.ts';
import { type Fault, faultsOf } from '../box/faults.ts';
import { boxMissing } from '../box/missing.ts';
import { until } from '../box/net/host.ts';
import { directorsOf, interruption, moatWords, modeOf, numberOf, rateOf } from '../box/options.ts';
import { randomFrom } from '../box/random.ts';
import { complain } from '../complaint.ts';
import { OptionFault, readOptions } from '../options.ts';
import { tableOf } from '../status/text.ts';

const OPTIONS = {
  seed: { type: 'string' },
  faults: { type: 'string' },
  only: { type: 'string' },
  mode: { type: 'string' },
  rate: { type: 'string' },
  directors: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

const HELP = `moat drill [OPTIONS]: as root, builds both tiers on hosts of their own (network namespaces), with a client that keeps asking, and breaks
them: each fault once, or random ones. After each, one node alone must have the virtual addresses, they must answer, the
directors must agree on the proxies and know each other's connections, and where it is promised no request may have failed and no connection
may have ended. Nothing else on this machine is touched.

  --seed N       random faults; the same ones for the same number
  --faults N     so many of them (20)
  --only TEXT    those alone whose name has this text
  --mode MODE    how the directors forward: dr, nat, fullnat, tun (dr)
  --directors N  2, or 0: the pair is that of the proxies (2)
  --rate N       requests a second of the client, 1 to 2000 (100)
  --json         a line of JSON a fault
  --help         this text
`;
const FAULTY = 1;
const MOST_FAULTS = 100_000;
const MOST_SEED = 2 ** 32 - 1;

/** @returns 1 when something was not as it should be, or the box cannot be built */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, OPTIONS);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const seed = values.seed === undefined ? undefined : numberOf(values.seed, 0, MOST_SEED, 'a seed');
  if (values.faults !== undefined && seed === undefined)
    throw new OptionFault('--faults is a number of random ones: say --seed too');
  const count = numberOf(values.faults, 20, MOST_FAULTS, 'a number of faults');
  const directors = directorsOf(values.directors);
  if (directors === 1) throw new OptionFault('one director is no pair: say 2, or 0');
  const options = {
    ...{ http: 8080, https: 8443, mode: modeOf(values.mode), directors },
    perSecond: rateOf(values.rate, 100),
    moat: moatWords(),
  };
  const missing = boxMissing();
  if (missing) {
    complain('error', `${missing.what}: ${missing.remedy}`);
    return FAULTY;
  }
  const { signal } = interruption();
  const box = await Box.open(options, signal);
  try {
    const all = faultsOf(box).filter(({ name }) => name.includes(values.only ?? ''));
    if (all.length === 0) throw new OptionFault(`no fault is named "${values.only}"`);
    return await drill(box, all, { seed, count, json: values.json === true, signal });
  } finally {
    await box.close();
  }
}

interface Course {
  /** Undefined: each once. */
  readonly seed: number | undefined;
  readonly count: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

async function drill(
  box: Box,
  all: readonly Fault[],
  { seed, count, json, signal }: Course,
): Promise<number> {
  const random = randomFrom(seed ?? 0);
  const chosen =
    seed === undefined ? all : Array.from({ length: count }, () => all[Math.floor(random() * all.length)]!);
  const blows: Blow[] = [];
  await box.settled();
  await until(() => signal.aborted || box.isBusy, 'all connections of the client');
  for (const fault of chosen) {
    if (signal.aborted) break;
    const blow = await strike(box, fault);
    blows.push(blow);
    process.stdout.write(json ? `${JSON.stringify(blow)}\n` : lineOf(blow));
    box.trimLogs();
  }
  const bad = blows.filter(({ wrong }) => wrong.length > 0).length;
  if (!json)
    process.stdout.write(`\n${table(blows)}\n${blows.length} faults, ${bad} not as they should be\n`);
  return bad === 0 ? 0 : FAULTY;
}

const lineOf = ({ fault, wrong }: Blow): string =>
  `${wrong.length === 0 ? 'well' : 'NOT WELL'}  ${fault}${wrong.length === 0 ? '' : `: ${wrong.join('; ')}`}\n`;

const table = (blows: readonly Blow[]): string =>
  tableOf(
    [
      'fault',
      'addresses',
      'taken after',
      'silent',
      'when mended',
      'requests failed',
      'connections lost',
      'downloads broken',
    ],
    blows.map(blow => [
      blow.fault,
      blow.before === blow.meanwhile ? blow.before : `${blow.before} to ${blow.meanwhile}`,
      blow.takenMs === undefined ? '' : `${Math.round(blow.takenMs)} ms`,
      `${blow.silenceMs} ms`,
      `${blow.mendedSilenceMs} ms`,
      `${blow.failed} of ${blow.sent}${blow.failed > 0 ? ` (${blow.faults})` : ''}`,
      `${blow.lost} of ${blow.kept}`,
      `${blow.brokenDownloads}`,
    ]),
  );
