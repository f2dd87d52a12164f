/** Starting the program: configuration, background, workers, pid file. */

import { goToBackground, isInBackground, tellParent } from './background.ts';
import { complain, complainOf, leaveInLog, lineOf } from './complaint.ts';
import { inherited } from './inherit.ts';
import type { Invocation } from './invocation.ts';
import { load } from './load.ts';
import { Master } from './master.ts';
import { obeySignals } from './signals.ts';

/**
 * Runs until a signal ends it, or leaves a child in the background that does.
 *
 * @param foreground stays here whatever `daemon` says
 * @returns the exit code
 */
export async function serve(invocation: Invocation, { foreground = false } = {}): Promise<number> {
  const { model, diagnostics } = load(invocation);
  if (!isInBackground()) complainOf(diagnostics);
  if (!model) {
    leaveInLog(invocation, diagnostics.map(lineOf));
    return 1;
  }
  const sockets = inherited();
  if (model.process.daemon && !foreground && !sockets && !isInBackground())
    return goToBackground(invocation, model);
  const master = new Master(invocation, sockets);
  obeySignals(master);
  try {
    await master.start(model);
  } catch (fault) {
    complain('emerg', (fault as Error).message);
    master.log.emerg((fault as Error).message);
    await master.stop();
    return 1;
  }
  tellParent();
  return master.ended;
}
