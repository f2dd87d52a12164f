/** Starting the program: the L7 process loads its code while this one loads the rest of its own and the configuration. */
import { readFileSync } from 'node:fs';
import { L7Plane } from '#l7';
import { isInBackground } from './background-child.ts';
import { baseEnvironment } from './environment.ts';
import { inherited } from './inherit.ts';
import type { Invocation } from './invocation.ts';

/**
 * Runs until a signal ends it, or leaves a child in the background that does.
 *
 * @param options.foreground stays here whatever `daemon` says
 * @returns the exit code
 */
export async function serve(invocation: Invocation, { foreground = false } = {}): Promise<number> {
  const heritage = inherited();
  const plane = new L7Plane(baseEnvironment(), heritage?.secrets);
  const sockets = heritage?.sockets;
  const stays = foreground || sockets !== undefined || isInBackground();
  if (stays || seemsToStay(invocation)) plane.warmUp();
  const { boot } = await import('./boot.ts');
  return boot(invocation, { plane, stays, sockets });
}

/** A guess, to save time: whether `daemon off` will turn out to be set. A wrong one costs a process that is not used. */
function seemsToStay({ file, globals = '' }: Invocation): boolean {
  try {
    return /\bdaemon\s+off\b/.test(globals + readFileSync(Buffer.from(file, 'latin1'), 'latin1'));
  } catch {
    return false; // the real reader will say what is wrong with the file
  }
}
