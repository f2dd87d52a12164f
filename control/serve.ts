/** Starting the program: the L7 process loads its code while this one loads the rest of its own and the configuration. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { L7Plane } from '#l7';
import { isInBackground } from './background-child.ts';
import { baseEnvironment } from './environment.ts';
import { inherited } from './inherit.ts';
import type { Invocation } from './invocation.ts';

/** A slip of the operator must not start thousands of threads before it is noticed. */
const MOST_GUESSED = 16;

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
  const { daemon, workers } = guess(invocation);
  if (stays || !daemon) plane.warmUp(workers);
  const { boot } = await import('./boot.ts');
  return boot(invocation, { plane, stays, sockets });
}

/** What the configuration will turn out to say; to save time, for a wrong guess costs a process or thread that is not used. */
function guess({ file, globals = '' }: Invocation): { readonly daemon: boolean; readonly workers: number } {
  const text = `${globals} ${glimpse(file)}`;
  const [, count = '1'] = /\bworker_processes\s+(\w+)/.exec(text) ?? [];
  const workers = count === 'auto' ? availableParallelism() : Number(count);
  return {
    daemon: !/\bdaemon\s+off\b/.test(text),
    workers: workers > 0 ? Math.min(workers, MOST_GUESSED) : 1,
  };
}

function glimpse(file: string): string {
  try {
    return readFileSync(Buffer.from(file, 'latin1'), 'latin1');
  } catch {
    return ''; // the real reader will say what is wrong with it
  }
}
