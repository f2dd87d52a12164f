/** From a configuration file to a running program: check it, go to the background, listen, write the pid file. */
import type { L7Plane, ListeningSocket } from '#l7';
import { goToBackground } from './background.ts';
import { isInBackground, tellParent } from './background-child.ts';
import { finishDecided, sweep } from './backup/commit.ts';
import { complain, complainOf, leaveInLog, lineOf } from './complaint.ts';
import { recover } from './history/recover.ts';
import type { Invocation } from './invocation.ts';
import { Master } from './master.ts';
import { obeySignals } from './signals.ts';
import { loadWithRules } from './waf/load-rules.ts';

const FOREVER_MS = 2 ** 30;

export interface BootOptions {
  readonly plane: L7Plane;
  /** Serve in this very process, whatever `daemon` says. */
  readonly stays: boolean;
  /** What a predecessor left. */
  readonly sockets: readonly ListeningSocket[] | undefined;
}

/** @returns the exit code when it could not start, or goes on in the background; a program that served exits from here */
export async function boot(invocation: Invocation, { plane, stays, sockets }: BootOptions): Promise<number> {
  // A successor leaves what waits to whom it replaces: that one lives, and has it in force.
  const recoverIn = (force = false) => (sockets === undefined ? recoverFrom(invocation, force) : undefined);
  let recovered = recoverIn();
  if (sockets === undefined) finishRestore(invocation);
  let { model, diagnostics, texts } = loadWithRules(invocation);
  if (!model && (recovered = recoverIn(true) ?? recovered) !== undefined)
    ({ model, diagnostics, texts } = loadWithRules(invocation));
  if (!isInBackground()) complainOf(diagnostics);
  if (!model) {
    leaveInLog(invocation, diagnostics.map(lineOf));
    await plane.stop();
    return 1;
  }
  if (model.process.daemon && !stays) return goToBackground(invocation, model);
  const master = new Master(invocation, plane, sockets);
  obeySignals(master);
  try {
    await master.start(model, texts, recovered);
  } catch (fault) {
    if (master.isEnding) return master.ended; // a signal came first
    complain('emerg', (fault as Error).message);
    master.log.emerg((fault as Error).message);
    recoverIn(true); // so that the next start has what was confirmed
    await master.stop();
    return 1;
  }
  tellParent();
  setInterval(() => {}, FOREVER_MS); // without workers (WINCH) nothing else keeps this process
  process.exit(await master.ended); // at once: a signal that comes while Node cleans up would end it with another code
}

/** What somebody was killed in the middle of is done: it was decided. */
function finishRestore(invocation: Invocation): void {
  try {
    if (finishDecided(invocation)) complain('notice', 'a restore that was cut short is done');
    sweep(invocation);
  } catch (fault) {
    complain('emerg', `a restore that was cut short cannot be done: ${(fault as Error).message}`);
  }
}

/** @returns what was done about a change that nobody confirmed, or that was cut short; undefined: nothing */
function recoverFrom(invocation: Invocation, force: boolean): string | undefined {
  try {
    const told = recover(invocation, force);
    if (told !== undefined && !isInBackground()) complain('warn', told);
    return told;
  } catch (fault) {
    complain('emerg', `a change that was not confirmed cannot be taken back: ${(fault as Error).message}`);
    return undefined;
  }
}
