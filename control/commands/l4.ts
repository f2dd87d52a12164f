/** `moat l4`: the L4 tier of the running program. */
import { complain, complainOf } from '../complaint.ts';
import { load, systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';
import { ask } from '../status/client.ts';
import { connectionsText, listText, statsText } from '../status/l4-text.ts';
import { socketPathOf } from '../status/report.ts';
import type { Answers, Question } from '../status/server.ts';

type Shown<Q extends Question> = NonNullable<Awaited<ReturnType<Answers[Q]>>>;

const FAULTY = 1;

/** @returns 1 when no program of this configuration answers, or it has no L4 tier */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, { ...CONFIG_OPTIONS, json: { type: 'boolean' } }, 1);
  const [verb = ''] = positionals;
  const { model, diagnostics } = load(invocationFrom(values));
  complainOf(diagnostics, true);
  if (!model) return FAULTY;
  const path = socketPathOf(model.process.pidPath);
  const show = <Q extends Question>(question: Q, text: (answer: Shown<Q>) => string) =>
    tell(path, question, values.json ? answer => `${JSON.stringify(answer)}\n` : text);
  switch (verb) {
    case 'list':
      return show('l4', listText);
    case 'stats':
      return show('l4', statsText);
    case 'connections':
      return show('l4-connections', connectionsText);
  }
  throw new OptionFault(`"${verb}" is not one of list, stats, connections`);
}

async function tell<Q extends Question>(
  path: string,
  question: Q,
  text: (answer: Shown<Q>) => string,
): Promise<number> {
  try {
    const answer = await ask(path, question);
    if (answer) process.stdout.write(text(answer));
    else complain('error', 'the running moat has no l4 block in force');
    return answer ? 0 : FAULTY;
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}
