/** `moat vrrp`: the virtual routers of the running program. */
import { createInterface } from 'node:readline/promises';
import type { ClusterFigures, ClusterOrder } from '#cluster';
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, noSuchWord, OptionFault, readOptions } from '../options.ts';
import { runningSocket } from '../running.ts';
import { ask } from '../status/client.ts';
import { explainText } from '../status/vrrp-explain.ts';
import { statusText } from '../status/vrrp-text.ts';

const FAULTY = 1;
const VERBS = ['status', 'explain', 'failover', 'maintenance'];
const MOST_WORDS = 16;

const OPTIONS = {
  ...CONFIG_OPTIONS,
  json: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
} as const;

/** @returns 1 when no program of this configuration answers, it has no cluster block, or refuses */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, MOST_WORDS);
  const [verb = '', ...words] = positionals;
  const work = workOf(verb, words, values.json === true, values.yes === true);
  const path = runningSocket(invocationFrom(values));
  if (path === undefined) return FAULTY;
  try {
    return await work(path);
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}

type Work = (path: string) => Promise<number>;

/** @throws {OptionFault} when the words are no order */
function workOf(verb: string, words: readonly string[], json: boolean, yes: boolean): Work {
  switch (verb) {
    case 'status':
      return path => show(path, words[0], json, statusText);
    case 'explain':
      return path => show(path, words[0], json, explainText);
    case 'failover':
      return path => failover(path, words[0], yes);
    case 'maintenance':
      return maintenance(words, yes);
    default:
      throw noSuchWord(verb, VERBS);
  }
}

async function show(
  path: string,
  name: string | undefined,
  json: boolean,
  text: (figures: ClusterFigures) => string,
): Promise<number> {
  const figures = await ask(path, 'vrrp');
  if (!figures) {
    complain('error', 'the running moat has no cluster block in force');
    return FAULTY;
  }
  const instances = figures.instances.filter(one => name === undefined || one.name === name);
  if (name !== undefined && instances.length === 0) {
    complain('error', `there is no vrrp_instance ${name}`);
    return FAULTY;
  }
  const shown = { ...figures, instances };
  process.stdout.write(json ? `${JSON.stringify(shown)}\n` : text(shown));
  return 0;
}

async function failover(path: string, instance: string | undefined, yes: boolean): Promise<number> {
  const figures = await ask(path, 'vrrp');
  const { members = [] } = figures?.groups.find(group => group.members.includes(instance ?? '')) ?? {};
  const active = (figures?.instances ?? []).filter(
    ({ name, state }) =>
      state === 'active' && (instance === undefined || name === instance || members.includes(name)),
  );
  const names = active.map(({ name }) => name).join(', ');
  const question = `This node gives ${names} away. A backup says nothing, so whether one is there cannot be told: if none is, the addresses are away for some seconds.`;
  if (active.length > 0 && !(await isConfirmed(question, yes))) return FAULTY;
  return order(path, { kind: 'failover', instance });
}

function maintenance(words: readonly string[], yes: boolean): Work {
  const [state, ...reason] = words;
  if (state !== 'on' && state !== 'off') throw new OptionFault('maintenance on or off?');
  if (state === 'off' && reason.length > 0) throw new OptionFault(`unexpected "${reason[0]}"`);
  return async path => {
    const figures = await ask(path, 'vrrp');
    const names = (figures?.instances ?? []).flatMap(({ name, state: is }) =>
      is === 'active' ? [name] : [],
    );
    const question = `This node gives ${names.join(', ')} away, and takes part in no election until maintenance off, even after a restart.`;
    if (state === 'on' && names.length > 0 && !(await isConfirmed(question, yes))) return FAULTY;
    return order(path, { kind: 'maintenance', on: state === 'on', reason: reason.join(' ') });
  };
}

/** Asks on the terminal; who cannot be asked has to say --yes. */
async function isConfirmed(question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) {
    complain('error', `${question} Say --yes`);
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question}\nGo on? [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function order(path: string, wish: ClusterOrder): Promise<number> {
  const answer = await ask(path, 'vrrp-order', JSON.stringify(wish));
  if ('fault' in answer) complain('error', answer.fault);
  else process.stdout.write(answer.done.map(line => `${line}\n`).join(''));
  return 'fault' in answer ? FAULTY : 0;
}
