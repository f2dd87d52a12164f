/** `moat metrics`: what the page of `metrics` has beside the L7 tier, for hosts that serve no HTTP. */
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';
import { runningSocket } from '../running.ts';
import { ask } from '../status/client.ts';

const FAULTY = 1;

/** @returns 1 when no program of this configuration answers */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, CONFIG_OPTIONS, 0);
  const path = runningSocket(invocationFrom(values));
  if (path === undefined) return FAULTY;
  try {
    process.stdout.write(Buffer.from(await ask(path, 'metrics'), 'latin1'));
    return 0;
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}
