/** Runs the program of a `notify` line: nobody waits for it. */

import { startProgram } from '#native/program.ts';
import type { Teller } from './teller.ts';

/** @param user who runs it, when moat is root */
export function runHook(
  user: string,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  log: Teller,
): void {
  const fail = (reason: string) => log.error(`notify: ${command[0]}: ${reason}`);
  try {
    const child = startProgram(user, command, env);
    child.once('error', fault => fail(fault.message));
    child.once('exit', (code, signal) => {
      if (code !== 0) fail(code === null ? `it was ended by ${signal}` : `exit code ${code}`);
    });
    child.unref();
  } catch (fault) {
    fail((fault as Error).message);
  }
}
