/** `moat pool`: the pools of the running program, and orders to their members. */
import type { MemberSnapshot, PoolSnapshot, SourceFigures } from '#l7';
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, noSuchWord, OptionFault, readOptions } from '../options.ts';
import type { PoolWish } from '../pool/order.ts';
import { runningSocket } from '../running.ts';
import { ask } from '../status/client.ts';
import { durationText, tableOf } from '../status/text.ts';

const FAULTY = 1;
const MOST_WEIGHT = 65_535;
const MOST_WORDS = 16;
/** Those that need nothing but a member. */
const PLAIN_ORDERS = ['drain', 'ready', 'down', 'resume', 'remove'] as const;

/** @returns 1 when no program of this configuration answers, or refuses */
export async function run(args: readonly string[]): Promise<number> {
  const options = { ...CONFIG_OPTIONS, json: { type: 'boolean' } } as const;
  const { values, positionals } = readOptions(args, options, MOST_WORDS);
  const [verb = '', ...words] = positionals;
  const wish = verb === 'list' ? undefined : wishOf(verb, words);
  if (!wish && words.length > 1) throw new OptionFault(`unexpected "${words[1]}"`);
  const path = runningSocket(invocationFrom(values));
  if (path === undefined) return FAULTY;
  try {
    return await (wish ? order(path, wish) : list(path, words[0], values.json ?? false));
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}

async function list(path: string, name: string | undefined, isJson: boolean): Promise<number> {
  const { l7 } = await ask(path, 'status');
  const pools = l7?.pools.filter(pool => name === undefined || pool.name === name);
  if (!pools) complain('error', 'the L7 process does not answer');
  else if (pools.length === 0 && name !== undefined) complain('error', `there is no pool "${name}"`);
  else process.stdout.write(isJson ? `${JSON.stringify(pools)}\n` : pools.map(textOf).join('\n'));
  return pools && (pools.length > 0 || name === undefined) ? 0 : FAULTY;
}

const HEADINGS = ['member', 'address', 'state', 'weight', 'in flight', 'requests', 'fails', ''];

const textOf = ({ name, members, removed = [], sources = [] }: PoolSnapshot): string =>
  `${name}\n${tableOf(HEADINGS, [
    ...members.map(rowOf),
    ...removed.map(member => [member, '', 'removed', '', '', '', '', 'by command']),
  ])}${sources.map(sourceText).join('')}`;

/** `discover consul web: 3 members, current, last answer 4s ago`, and what is wrong with it in a line of its own. */
function sourceText({
  source,
  members,
  state,
  succeededMs,
  error,
  errorMs,
  ...counts
}: SourceFigures): string {
  const ago = (ms: number) => `${durationText(Date.now() - ms)} ago`;
  const answer = succeededMs === undefined ? 'no answer yet' : `last answer ${ago(succeededMs)}`;
  const { failures, refused, leftOut } = counts;
  const bad = Object.entries({ failures, refused, 'left out': leftOut }).filter(([, count]) => count > 0);
  const words = [`${members} members`, state, answer, ...bad.map(([name, count]) => `${name} ${count}`)];
  const fault =
    error === undefined || errorMs === undefined ? '' : `  last error ${ago(errorMs)}: ${error}\n`;
  return `discover ${source}: ${words.join(', ')}\n${fault}`;
}

const rowOf = (member: MemberSnapshot): string[] => [
  ...[member.name, member.address, member.state, `${member.weight}`, `${member.inFlight}`],
  ...[`${member.counts.requests}`, `${member.counts.fails}`],
  [
    ...(member.backup ? ['backup'] : []),
    ...(member.command || !member.line ? ['by command'] : []),
    ...(member.sources ?? []).map(source => `by ${source}`),
  ].join(', '),
];

/** @throws {OptionFault} when the words are no order */
function wishOf(verb: string, words: readonly string[]): PoolWish {
  if (verb === 'weight') return weightWish(words);
  const [member, pool, ...rest] = words;
  const kind = PLAIN_ORDERS.find(word => word === verb);
  if (!kind && verb !== 'add') throw noSuchWord(verb, ['list', 'weight', 'add', ...PLAIN_ORDERS]);
  if (member === undefined) throw new OptionFault(`${verb} which member?`);
  if (!kind) {
    if (pool === undefined) throw new OptionFault('add it to which pool?');
    return { pool, member, order: { kind: 'add', words: rest } };
  }
  if (rest.length > 0) throw new OptionFault(`unexpected "${rest[0]}"`);
  return { pool, member, order: { kind } };
}

function weightWish([number = '', member, pool, extra]: readonly string[]): PoolWish {
  const weight = /^\d{1,5}$/.test(number) ? Number(number) : 0;
  if (weight < 1 || weight > MOST_WEIGHT)
    throw new OptionFault(
      `"${number}" is not a weight: take 1 to ${MOST_WEIGHT}; who is to get nothing new is drained`,
    );
  if (member === undefined) throw new OptionFault('weight of which member?');
  if (extra !== undefined) throw new OptionFault(`unexpected "${extra}"`);
  return { pool, member, order: { kind: 'weight', weight } };
}

async function order(path: string, wish: PoolWish): Promise<number> {
  const answer = await ask(path, 'pool-order', JSON.stringify(wish));
  if ('fault' in answer) complain('error', answer.fault);
  else
    for (const { pool, member } of answer.done)
      process.stdout.write(`${member} of ${pool}: ${wish.order.kind}\n`);
  return 'fault' in answer ? FAULTY : 0;
}
