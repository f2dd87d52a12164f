/** `moat l4`: the L4 tier of the running program. */
import { complain } from '../complaint.ts';
import { load, systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, noSuchWord, OptionFault, readOptions } from '../options.ts';
import { runningSocket } from '../running.ts';
import { ask } from '../status/client.ts';
import { connectionsText, countsText, listText, ratesText, statsText, topText } from '../status/l4-text.ts';
import { watchL4 } from '../status/l4-watch.ts';
import { type Answers, type L4Wish, MOST_CONNECTIONS, type Question } from '../status/server.ts';
import { withdraw } from './l4-withdraw.ts';

type Shown<Q extends Question> = NonNullable<Awaited<ReturnType<Answers[Q]>>>;

const FAULTY = 1;
const MOST_WEIGHT = 65_535;
/** Those that are no order about a real server. */
const SHOWS: readonly string[] = ['list', 'top', 'stats', 'connections', 'withdraw'];
/** Those that need nothing but a real server. */
const PLAIN_ORDERS = ['drain', 'disable', 'ready', 'up', 'down', 'resume'] as const;

const OPTIONS = {
  ...CONFIG_OPTIONS,
  json: { type: 'boolean' },
  stats: { type: 'boolean' },
  rate: { type: 'boolean' },
  once: { type: 'boolean' },
} as const;

/** @returns 1 when no program of this configuration answers, or it has no L4 tier */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 4);
  const [verb = '', ...words] = positionals;
  const wish = SHOWS.includes(verb) ? undefined : wishOf(verb, words);
  refuseStray(verb, values);
  const invocation = invocationFrom(values);
  const path = runningSocket(invocation);
  if (path === undefined) return FAULTY;
  const show = <Q extends Question>(question: Q, text: (answer: Shown<Q>) => string) =>
    tell(path, question, answer => {
      noteCut(question, answer);
      return values.json ? `${JSON.stringify(answer)}\n` : text(answer);
    });
  const how = { json: values.json ?? false, once: values.once ?? false };
  if (wish) return order(path, wish);
  switch (verb) {
    case 'list':
      if (values.rate) return watchL4(path, { ...how, once: true, text: ratesText });
      return show('l4', values.stats ? countsText : listText);
    case 'top':
      return watchL4(path, { ...how, text: topText });
    case 'stats':
      return show('l4', statsText);
    case 'withdraw': {
      const { model } = load(invocation);
      return model ? withdraw(path, model.l4?.pinPath) : FAULTY; // where its maps are pinned, no faulty file tells
    }
    default:
      return show('l4-connections', connectionsText);
  }
}

/** A list that ends where it may not go on says so. */
function noteCut(question: Question, answer: unknown): void {
  if (question !== 'l4-connections' || !Array.isArray(answer) || answer.length < MOST_CONNECTIONS) return;
  complain('warn', `there are more connections: these are ${MOST_CONNECTIONS} of them`);
}

/** @throws {OptionFault} */
function refuseStray(
  verb: string,
  { stats, rate, once }: Partial<Record<'stats' | 'rate' | 'once', boolean>>,
): void {
  if ((stats || rate) && verb !== 'list') throw new OptionFault('--stats and --rate belong to list');
  if (stats && rate) throw new OptionFault('--stats or --rate, not both');
  if (once && verb !== 'top') throw new OptionFault('--once belongs to top');
}

/** @throws {OptionFault} when the words are no order */
function wishOf(verb: string, words: readonly string[]): L4Wish {
  if (verb === 'weight') {
    const [number = '', real, service] = words;
    const weight = /^\d{1,5}$/.test(number) ? Number(number) : Number.NaN;
    if (!(weight <= MOST_WEIGHT))
      throw new OptionFault(`"${number}" is not a weight: take 0 to ${MOST_WEIGHT}`);
    if (real === undefined) throw new OptionFault('weight of which real server?');
    return { order: { kind: 'weight', weight }, real, service };
  }
  const [real, service, extra] = words;
  const kind = PLAIN_ORDERS.find(word => word === verb);
  if (!kind) throw noSuchWord(verb, [...SHOWS, 'weight', ...PLAIN_ORDERS]);
  if (real === undefined) throw new OptionFault(`${verb} which real server?`);
  if (extra !== undefined) throw new OptionFault(`unexpected "${extra}"`);
  return { order: { kind }, real, service };
}

async function order(path: string, wish: L4Wish): Promise<number> {
  try {
    const answer = await ask(path, 'l4-order', JSON.stringify(wish));
    if ('fault' in answer) complain('error', answer.fault);
    else
      for (const { virtualServer, realServer } of answer.done)
        process.stdout.write(`${realServer} of ${virtualServer}: ${wish.order.kind}\n`);
    return 'fault' in answer ? FAULTY : 0;
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
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
