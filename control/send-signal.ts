/** `-s`: tells the running control process, by its pid file. */
import { constants } from 'node:os';
import { SENDABLE, type Sendable } from './command-line.ts';
import { complain, complainOf, showFaults } from './complaint.ts';
import type { Invocation } from './invocation.ts';
import { load, systemReason } from './load.ts';
import { pidIn } from './pid-file.ts';

/** Finds the process that runs this configuration and signals it. @returns the exit code */
export function sendSignal(what: Sendable, invocation: Invocation): number {
  const { model, diagnostics, texts } = load(invocation);
  complainOf(diagnostics);
  if (!model) {
    showFaults(diagnostics, texts);
    return 1;
  }
  const { pidPath } = model.process;
  try {
    kill(pidIn(pidPath), SENDABLE[what]);
    return 0;
  } catch (fault) {
    complain('error', (fault as Error).message);
    return 1;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (fault) {
    throw new Error(`kill(${pid}, ${constants.signals[signal]}) failed ${systemReason(fault)}`, {
      cause: fault,
    });
  }
}
