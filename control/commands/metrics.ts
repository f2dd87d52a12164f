/** `moat metrics`: what the page of `metrics` has beside the L7 tier, for hosts that serve no HTTP. */
import { complain, complainOf } from '../complaint.ts';
import { load, systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';
import { ask } from '../status/client.ts';
import { socketPathOf } from '../status/report.ts';

const FAULTY = 1;

/** @returns 1 when no program of this configuration answers */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, CONFIG_OPTIONS, 0);
  const { model, diagnostics } = load(invocationFrom(values));
  complainOf(diagnostics, true);
  if (!model) return FAULTY;
  const path = socketPathOf(model.process.pidPath);
  try {
    process.stdout.write(Buffer.from(await ask(path, 'metrics'), 'latin1'));
    return 0;
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}
