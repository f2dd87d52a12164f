/** Breaks a cluster by its owner's own commands, one fault after the other, while its addresses are asked. */
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '#kit/monotonic.ts';
import { endOf, startProgram } from '#native/program.ts';
import { type Asked, Asker } from './asker.ts';
import type { ClusterPlan, PlannedFault } from './plan.ts';
import type { DrillResult } from './report.ts';

const POLL_MS = 50;
/** Before the first fault. */
const FIRST_ANSWER_MS = 30_000;
const SAID_BYTES = 2000;

/**
 * The next fault comes only once all addresses answer again. What is broken is mended, also when the drill is interrupted.
 *
 * @param file the plan's: commands start in its folder
 * @param done is told of each fault
 * @throws {Error} with the reason when it has to stop
 */
export async function drillCluster(
  plan: ClusterPlan,
  file: string,
  signal: AbortSignal,
  done: (result: DrillResult) => void,
): Promise<void> {
  using asker = new Asker(plan);
  await answers(asker, FIRST_ANSWER_MS, signal);
  const shell = new Shell(dirname(resolve(file)), plan.commandMs);
  for (const fault of plan.faults) {
    if (signal.aborted) throw new Error('interrupted');
    const { result, isHealed } = await strike(fault, { asker, shell, patienceMs: plan.timeoutMs, signal });
    done(result);
    if (!isHealed) throw new Error(`nothing more is broken after "${fault.name}", which did not heal`);
  }
}

/** @throws {Error} with what does not answer */
async function answers(asker: Asker, patienceMs: number, signal: AbortSignal): Promise<void> {
  const end = monotonicMs() + patienceMs;
  while (asker.silent.length > 0) {
    if (signal.aborted) throw new Error('interrupted');
    if (monotonicMs() > end) throw new Error(`no answer from ${asker.silent.join('; ')}`);
    await sleep(POLL_MS);
  }
}

interface Struck {
  readonly result: DrillResult;
  readonly isHealed: boolean;
}

interface Means {
  readonly asker: Asker;
  readonly shell: Shell;
  /** Of a request. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

async function strike(fault: PlannedFault, { asker, shell, patienceMs, signal }: Means): Promise<Struck> {
  const wrong: string[] = [];
  const tell = (what: string | undefined) => what !== undefined && wrong.push(what);
  asker.forget();
  const beganMs = monotonicMs();
  tell(await shell.run('break', fault.break));
  await sleep(fault.lastsMs, undefined, { signal }).catch(interrupted(signal));
  tell(await shell.run('check_broken', fault.checkBroken));
  tell(await shell.run('mend', fault.mend));
  const brokenMs = Math.round(monotonicMs() - beganMs);
  asker.doubt();
  const healed = await answers(asker, fault.healMs, NEVER).catch((cause: Error) => cause.message);
  const healMs = Math.round(monotonicMs() - beganMs - brokenMs);
  if (healed !== undefined) wrong.push(`${healed} within ${fault.healMs} ms after it was mended`);
  tell(await shell.run('check_mended', fault.checkMended));
  await sleep(patienceMs); // what was sent before is answered by then, or has failed
  const asked = asker.asked;
  wrong.push(...broken(fault, asked));
  const { sent, failed, faults, silentMs, silentUrl } = asked;
  const seen = [
    `${failed} of ${sent} requests failed${failed > 0 ? ` (${faults})` : ''}`,
    `no good answer from ${silentUrl} for ${silentMs} ms at most`,
    ...(healed === undefined ? [`all answered again ${healMs} ms after it was mended`] : []),
  ];
  return { result: { fault: fault.name, brokenMs, seen, wrong }, isHealed: healed === undefined };
}

/** What was broken has to be mended and looked at, whoever interrupts. */
const NEVER = new AbortController().signal;

/** A pause that was cut short. @throws what is none of it */
const interrupted = (signal: AbortSignal) => (cause: Error) => {
  if (!signal.aborted) throw cause;
};

/** The promises that were not kept. */
const broken = (
  { mayFail, maySilentMs }: PlannedFault,
  { sent, failed, silentMs, silentUrl }: Asked,
): string[] => [
  ...(sent === 0 ? ['nothing was asked'] : []),
  ...(mayFail !== undefined && failed > mayFail ? [`${failed} requests failed, ${mayFail} may`] : []),
  ...(maySilentMs !== undefined && silentMs > maySilentMs
    ? [`no good answer from ${silentUrl} for ${silentMs} ms, ${maySilentMs} ms may pass`]
    : []),
];

class Shell {
  readonly #folder: string;
  readonly #timeoutMs: number;

  constructor(folder: string, timeoutMs: number) {
    this.#folder = folder;
    this.#timeoutMs = timeoutMs;
  }

  /** @returns what is wrong with its end; undefined: nothing, or there is nothing to run */
  async run(what: string, line: string | undefined): Promise<string | undefined> {
    if (line === undefined) return undefined;
    const words = ['sh', '-c', 'cd -- "$0" && exec sh -c "$1"', this.#folder, line];
    const child = startProgram('root', words, environment(), ['ignore', 'ignore', 'pipe']);
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', text => (said = `${said}${text}`.slice(-SAID_BYTES)));
    const { code, says } = await endOf(child, NEVER, this.#timeoutMs);
    return code === 0 ? undefined : `${what}: ${says}${said === '' ? '' : `: ${said.trim()}`}`;
  }
}

/** Commands of a plan are those of whoever runs it: his home, his keys, his project. */
const environment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
