/** `moat cluster`: the pair that the running program is one of. */
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, noSuchWord, readOptions } from '../options.ts';
import { runningSocket } from '../running.ts';
import { ask } from '../status/client.ts';
import { clusterText, incidentsText } from '../status/cluster-text.ts';

const FAULTY = 1;
const OPTIONS = { ...CONFIG_OPTIONS, json: { type: 'boolean' } } as const;
const VERBS = { status: clusterText, incidents: incidentsText };

const isVerb = (word: string): word is keyof typeof VERBS => Object.hasOwn(VERBS, word);

/** @returns 1 when no program of this configuration answers, or it has no cluster block */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 1);
  const [verb = ''] = positionals;
  if (!isVerb(verb)) throw noSuchWord(verb, Object.keys(VERBS));
  const path = runningSocket(invocationFrom(values));
  if (path === undefined) return FAULTY;
  try {
    const figures = await ask(path, 'vrrp');
    if (!figures) {
      complain('error', 'the running moat has no cluster block in force');
      return FAULTY;
    }
    const shown = verb === 'status' ? figures : (figures.heartbeat?.incidents ?? []);
    process.stdout.write(values.json ? `${JSON.stringify(shown)}\n` : VERBS[verb](figures));
    return 0;
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}
