/** `moat user`: who may log in to the console of the running program, by whoever is root on its machine. */
import { isRole, ROLES } from '../api/token/token.ts';
import type { UserOrder } from '../api/user/order.ts';
import type { ShownUser } from '../api/user/store.ts';
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';
import { readSecret } from '../read-secret.ts';
import { runningSocket } from '../running.ts';
import { ask } from '../status/client.ts';
import { tableOf } from '../status/text.ts';

const FAULTY = 1;
const OPTIONS = { ...CONFIG_OPTIONS, json: { type: 'boolean' }, role: { type: 'string' } } as const;

/** What is done to one user; those that need a password read it. */
const VERBS: Readonly<Record<string, (name: string, password: () => Promise<string>) => Promise<UserOrder>>> =
  {
    password: async (name, password) => ({ kind: 'change', name, password: await password() }),
    disable: async name => ({ kind: 'change', name, disabled: true }),
    enable: async name => ({ kind: 'change', name, disabled: false }),
    'reset-totp': async name => ({ kind: 'change', name, resetTotp: true }),
    remove: async name => ({ kind: 'remove', name }),
  };

/** @returns 1 when no program of this configuration answers, it has no api block, or refuses */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 3);
  const order = await orderOf(positionals, values.role);
  const path = runningSocket(invocationFrom(values));
  if (path === undefined) return FAULTY;
  try {
    const answer = await ask(path, 'user-order', JSON.stringify(order));
    if ('fault' in answer) {
      complain('error', answer.fault);
      return FAULTY;
    }
    tell(order, answer.done, values.json === true);
    return 0;
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}

/** @throws {OptionFault} when the words are no order */
async function orderOf(words: readonly string[], role: string | undefined): Promise<UserOrder> {
  const [verb = '', name, third] = words;
  if (role !== undefined && verb !== 'add') throw new OptionFault('--role belongs to add');
  if ((verb === 'list' || verb === 'link') && name === undefined) return { kind: verb };
  if (name === undefined) throw new OptionFault('say what is to be done, and to whom');
  if (verb === 'role' && third !== undefined) return { kind: 'change', name, role: roleIn(third) };
  if (third !== undefined) throw new OptionFault(`"${third}" is one word too many`);
  if (verb === 'add')
    return { kind: 'add', name, role: roleIn(role ?? 'viewer'), password: await readSecret('password') };
  const make = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!make) throw new OptionFault(`"${verb}" is nothing that is done to a user`);
  return make(name, () => readSecret('password'));
}

function roleIn(word: string) {
  if (!isRole(word)) throw new OptionFault(`the role "${word}" is not one of ${ROLES.join(', ')}`);
  return word;
}

function tell(order: UserOrder, done: unknown, json: boolean): void {
  if (json) return void process.stdout.write(`${JSON.stringify(done)}\n`);
  if (order.kind === 'link') return void process.stdout.write(`${done}\n`);
  if (order.kind === 'list') return void process.stdout.write(textOf(done as readonly ShownUser[]));
  process.stdout.write(`${order.name} is ${order.kind === 'remove' ? 'removed' : 'as you say'}\n`);
}

const textOf = (users: readonly ShownUser[]): string =>
  users.length === 0
    ? 'there is no user: moat user link prints a link for the first one\n'
    : tableOf(
        ['name', 'role', 'state', 'second factor', 'created'],
        users.map(({ name, role, isDisabled, hasTotp, createdMs }) => [
          ...[name, role, isDisabled ? 'disabled' : 'active', hasTotp ? 'yes' : 'no'],
          new Date(createdMs).toISOString(),
        ]),
      );
