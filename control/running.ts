/** Where the program that runs a configuration answers, also while the files on the disk are faulty. */
import { complainOf } from './complaint.ts';
import type { Invocation } from './invocation.ts';
import { type Loaded, load } from './load.ts';
import { socketPathOf } from './status/report.ts';

/** The line stands in no other block, so a file that is no tree any more is good enough. */
const PID_LINE = /^\s*pid\s+(["']?)([^\s"';{}]+)\1\s*;/m;

/**
 * The socket of the program that was started with this invocation. Faults of the files are told on stderr: it runs on what they were before.
 *
 * @param quiet leaves out warnings
 * @returns undefined when there is no file to tell it
 */
export function runningSocket(invocation: Invocation, quiet = true): string | undefined {
  const loaded = load(invocation);
  complainOf(loaded.diagnostics, quiet);
  return loaded.model || loaded.texts.size > 0 ? socketOf(invocation, loaded) : undefined;
}

/** The same without a word. */
export const socketOf = (invocation: Invocation, loaded = load(invocation)): string =>
  socketPathOf(loaded.model?.process.pidPath ?? pidPathIn(loaded, invocation));

/** Where faulty files name it; else where it is by default. */
function pidPathIn({ texts }: Loaded, { prefix }: Invocation): string {
  for (const text of texts.values()) {
    const [, , path] = PID_LINE.exec(text) ?? [];
    if (path !== undefined) return path.startsWith('/') ? path : `${prefix}${path}`;
  }
  return `${prefix}logs/moat.pid`;
}
