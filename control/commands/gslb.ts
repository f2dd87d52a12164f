/** `moat gslb`: the sites behind names, as the running program knows them. */
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';
import { runningSocket } from '../running.ts';
import { ask } from '../status/client.ts';
import { gslbText } from '../status/gslb-text.ts';

const FAULTY = 1;
const OPTIONS = { ...CONFIG_OPTIONS, json: { type: 'boolean' } } as const;

/** @returns 1 when no program of this configuration answers, or it has no gslb block */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 1);
  const [verb = ''] = positionals;
  if (verb !== 'status')
    throw new OptionFault(`${verb === '' ? 'say what' : `"${verb}" is not one of`}: status`);
  const path = runningSocket(invocationFrom(values));
  if (path === undefined) return FAULTY;
  try {
    const figures = await ask(path, 'gslb');
    if (!figures) {
      complain('error', 'the running moat has no gslb block in force, or its process is down');
      return FAULTY;
    }
    process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : gslbText(figures));
    return 0;
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}
