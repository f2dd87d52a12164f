/** `moat reload`, `quit`, `stop`, `reopen`: tells the running process, as `-s` does. */
import type { Sendable } from '../command-line.ts';
import type { Command } from '../commands.ts';
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';
import { sendSignal } from '../send-signal.ts';

/** The command that sends `what`. */
export const sender = (what: Sendable): Command => ({
  run: args => sendSignal(what, invocationFrom(readOptions(args, CONFIG_OPTIONS).values)),
});
