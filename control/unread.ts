/** What becomes of a command when its output cannot be written: nobody reads on (`moat l4 connections | head`), the disk is full. */
import { systemReason } from './load.ts';

/** As a shell tells of a program that SIGPIPE has ended; Node ignores that signal. */
const BY_SIGPIPE = 141;
const FAILED = 1;

/** Ends this process by then: without a word where the reader has gone, else with the reason. */
export function endWhenUnread(): void {
  process.stderr.on('error', () => process.exit(FAILED));
  process.stdout.on('error', endFor);
}

function endFor(fault: NodeJS.ErrnoException): never {
  if (fault.code === 'EPIPE') process.exit(BY_SIGPIPE);
  process.stderr.write(`moat: cannot write to stdout ${systemReason(fault)}\n`);
  process.exit(FAILED);
}
