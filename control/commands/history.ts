/** `moat history`, `diff`, `apply`, `confirm`, `rollback`: the configurations of the running program. */
import { parseDurationMs } from '#kit/units.ts';
import { canaryText } from '../canary/text.ts';
import type { Command } from '../commands.ts';
import { complain, complainOf } from '../complaint.ts';
import { diffOf } from '../history/diff.ts';
import type { HistoryAnswer, HistoryOrder, HistoryState } from '../history/order.ts';
import type { RevisionHead } from '../history/store.ts';
import type { Invocation } from '../invocation.ts';
import { systemReason, textNamed } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';
import { socketOf } from '../running.ts';
import { ask } from '../status/client.ts';
import { tableOf } from '../status/text.ts';
import { loadWithRules } from '../waf/load-rules.ts';
import { awaitCanary, CANARY_OPTIONS, canaryWishOf, TAKEN_BACK } from './canary.ts';

const FAULTY = 1;
const DIFFERENT = 1;
const SHOWN = 20;

const OPTIONS = {
  ...CONFIG_OPTIONS,
  json: { type: 'boolean' },
  message: { type: 'string', short: 'm' },
  confirm: { type: 'string' },
  'over-drift': { type: 'boolean' },
  limit: { type: 'string' },
  ...CANARY_OPTIONS,
} as const;

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values'];
type Verb = 'history' | 'diff' | 'apply' | 'confirm' | 'rollback';

/** What a command is given. */
interface Given {
  readonly values: Values;
  readonly words: readonly string[];
  readonly invocation: Invocation;
  /** @throws {Error} with what the program says */
  readonly say: (order: HistoryOrder) => Promise<HistoryAnswer>;
}

const WORDS: Readonly<Record<Verb, number>> = { history: 0, diff: 2, apply: 1, confirm: 0, rollback: 1 };
const WORK: Readonly<Record<Verb, (given: Given) => Promise<number>>> = {
  history,
  diff,
  apply,
  confirm,
  rollback,
};

/** Each gives 1 when no program of this configuration answers, or it refuses; `diff` when there is a difference. */
export const commandOf = (verb: Verb): Command => ({
  async run(args) {
    const { values, positionals } = readOptions(args, OPTIONS, WORDS[verb]);
    refuseStray(verb, values);
    const invocation = invocationFrom(values);
    const path = socketOf(invocation);
    const say = async (order: HistoryOrder) => {
      const answer = await ask(path, 'history-order', JSON.stringify(order)).catch((fault: Error) => {
        throw new Error(`no running moat answers at "${path}" ${systemReason(fault)}`);
      });
      if ('fault' in answer) throw new Error(answer.fault);
      return answer.done;
    };
    try {
      return await WORK[verb]({ values, words: positionals, invocation, say });
    } catch (fault) {
      if (fault instanceof OptionFault) throw fault;
      complain('error', (fault as Error).message);
      return FAULTY;
    }
  },
});

function refuseStray(verb: Verb, values: Values): void {
  const { message, confirm: time, 'over-drift': over, limit } = values;
  const stray = Object.keys(CANARY_OPTIONS).find(name => name in values);
  if (verb !== 'apply' && stray !== undefined) throw new OptionFault(`--${stray} belongs to apply`);
  if (verb !== 'apply' && verb !== 'rollback' && (message ?? time ?? over) !== undefined)
    throw new OptionFault('--message, --confirm and --over-drift belong to apply and rollback');
  if (verb !== 'history' && limit !== undefined) throw new OptionFault('--limit belongs to history');
}

const json = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

async function history({ values, say }: Given): Promise<number> {
  const limit = Number(values.limit ?? SHOWN);
  if (!Number.isInteger(limit) || limit < 1) throw new OptionFault(`--limit "${values.limit}" is no number`);
  const answer = await say({ kind: 'list', limit });
  if (values.json) json(answer);
  else process.stdout.write(`${listText(answer)}${stateText(answer.state)}`, 'latin1');
  return 0;
}

const markOf = ({ id }: RevisionHead, { state }: HistoryAnswer): string => {
  if (id !== state.id) return '';
  return state.unconfirmed ? 'unconfirmed' : 'in force';
};

const listText = (answer: HistoryAnswer): string =>
  tableOf(
    ['id', 'at', 'who', 'why', '', 'message'],
    (answer.revisions ?? []).map(one => [
      ...[`${one.id}`, new Date(one.atMs).toISOString(), one.who, one.why, markOf(one, answer), one.message],
    ]),
  );

function stateText({ unconfirmed, canary, drift, fault }: HistoryState): string {
  const lines = [
    ...(canary && canary.outcome === undefined ? [canaryText(canary, Date.now()).trimEnd()] : []),
    ...(unconfirmed
      ? [
          `unconfirmed: goes back ${new Date(unconfirmed.deadlineMs).toISOString()} unless you say moat confirm`,
        ]
      : []),
    ...drift.map(path => `changed on the disk, and not in force: ${path}`),
    ...(fault === undefined ? [] : [`nothing is kept: ${fault}`]),
  ];
  return lines.map(line => `${line}\n`).join('');
}

function whichOf(word: string): number | 'force' | 'disk' {
  if (word === 'force' || word === 'disk') return word;
  if (!/^[1-9]\d{0,14}$/.test(word))
    throw new OptionFault(`"${word}" is no id of a revision, nor force, nor disk`);
  return Number(word);
}

/** Of one word: what has changed since that revision. */
async function diff({ values, words: [from = 'force', to], say }: Given): Promise<number> {
  const other = to ?? (from === 'force' ? 'disk' : 'force');
  const texts = async (word: string) =>
    new Map((await say({ kind: 'texts', which: whichOf(word) })).texts ?? []);
  const found = diffOf(await texts(from), await texts(other));
  if (values.json) json(found);
  else {
    process.stdout.write(found.diff, 'latin1');
    for (const path of found.hidden) process.stdout.write(`a hidden secret is another: ${path}\n`, 'latin1');
  }
  return found.diff === '' && found.hidden.length === 0 ? 0 : DIFFERENT;
}

function confirmMsOf({ confirm: time }: Values): number | undefined {
  if (time === undefined) return undefined;
  const ms = parseDurationMs(time, 1000);
  if (!ms || ms > 24 * 3600 * 1000) throw new OptionFault(`--confirm "${time}" is no time: write 60s, or 5m`);
  return ms;
}

/** Without a file, what lies on the disk comes into force. */
async function apply({ values, words: [source], invocation, say }: Given): Promise<number> {
  const confirmMs = confirmMsOf(values);
  const canary = canaryWishOf(values);
  const text = textIn(source ?? invocation.file);
  const { diagnostics, model } = loadWithRules(invocation, {
    ...{ texts: new Map([[invocation.file, text]]), folder: '' },
  });
  complainOf(diagnostics);
  if (!model) return FAULTY;
  const overDrift = source === undefined || values['over-drift'] === true;
  const message = values.message ?? '';
  await say({ kind: 'apply', files: [[invocation.file, text]], message, confirmMs, overDrift, canary });
  return canary ? tellCanary(values, say) : tellDone(values, say);
}

async function tellCanary(values: Values, say: Given['say']): Promise<number> {
  const look = async () => (await say({ kind: 'list', limit: 1 })).state.canary;
  const ended = await awaitCanary(look, text => void process.stderr.write(text));
  if (!values.json) process.stdout.write(canaryText(ended, Date.now()));
  if (ended.outcome === 'applied') return tellDone(values, say);
  if (values.json) json((await say({ kind: 'list', limit: 1 })).state);
  return TAKEN_BACK;
}

function textIn(path: string): string {
  try {
    return textNamed(path);
  } catch (fault) {
    throw new Error(`cannot read "${path}" ${systemReason(fault)}`, { cause: fault });
  }
}

async function tellDone({ json: asJson }: Values, say: Given['say']): Promise<number> {
  const { state } = await say({ kind: 'list', limit: 1 });
  if (asJson) json(state);
  else
    process.stdout.write(
      `in force in all workers${state.id === undefined ? '' : `, as revision ${state.id}`}\n${stateText(state)}`,
    );
  return 0;
}

async function confirm({ values, say }: Given): Promise<number> {
  await say({ kind: 'confirm' });
  return tellDone(values, say);
}

/** Without an id, what is unconfirmed is taken back. */
async function rollback({ values, words: [word], say }: Given): Promise<number> {
  const id = word === undefined ? undefined : whichOf(word);
  if (typeof id === 'string') throw new OptionFault('say the id of a revision');
  const { message, 'over-drift': overDrift } = values;
  await say({ kind: 'rollback', id, message, confirmMs: confirmMsOf(values), overDrift });
  return tellDone(values, say);
}
