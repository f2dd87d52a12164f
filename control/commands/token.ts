/** `moat token`: who may use the HTTP API of the running program. */
import { parseDurationMs } from '#kit/units.ts';
import type { ShownToken, TokenOrder } from '../api/token/store.ts';
import { isRole, isScope, ROLES, SCOPES } from '../api/token/token.ts';
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';
import { runningSocket } from '../running.ts';
import { ask } from '../status/client.ts';
import { tableOf } from '../status/text.ts';

const FAULTY = 1;
const VERBS = 'create NAME, list, revoke NAME';

const OPTIONS = {
  ...CONFIG_OPTIONS,
  json: { type: 'boolean' },
  role: { type: 'string' },
  scope: { type: 'string', multiple: true },
  for: { type: 'string' },
} as const;

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values'];

/** @returns 1 when no program of this configuration answers, it has no api block, or refuses */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 2);
  const order = orderOf(positionals, values);
  const path = runningSocket(invocationFrom(values));
  if (path === undefined) return FAULTY;
  try {
    return order ? await obey(path, order, values.json === true) : await list(path, values.json === true);
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}

/** @returns undefined: list @throws {OptionFault} when the words are no order */
function orderOf([verb = '', name]: readonly string[], values: Values): TokenOrder | undefined {
  const { role = 'viewer', scope: scopes, for: time } = values;
  if (verb !== 'create' && (values.role ?? scopes ?? time) !== undefined)
    throw new OptionFault('--role, --scope and --for belong to create');
  if (verb === 'list' && name === undefined) return undefined;
  if (name === undefined || (verb !== 'create' && verb !== 'revoke'))
    throw new OptionFault(`say one of ${VERBS}`);
  if (verb === 'revoke') return { kind: 'revoke', token: name };
  if (!isRole(role)) throw new OptionFault(`--role "${role}" is not one of ${ROLES.join(', ')}`);
  const odd = scopes?.find(scope => !isScope(scope));
  if (odd !== undefined) throw new OptionFault(`--scope "${odd}" is not one of ${SCOPES.join(', ')}`);
  const lengthMs = time === undefined ? undefined : parseDurationMs(time, 1000);
  if (time !== undefined && !lengthMs) throw new OptionFault(`--for "${time}" is no time: write 12h or 30d`);
  return { kind: 'create', name, role, scopes: scopes?.filter(isScope), lengthMs };
}

async function obey(path: string, order: TokenOrder, json: boolean): Promise<number> {
  const answer = await ask(path, 'token-order', JSON.stringify(order));
  if ('fault' in answer) {
    complain('error', answer.fault);
    return FAULTY;
  }
  const { token, record } = answer.done;
  if (json) process.stdout.write(`${JSON.stringify(answer.done)}\n`);
  else if (token === undefined) process.stdout.write(`${record.name} is revoked\n`);
  else {
    process.stderr.write(`${lineOf(record)}\nThis is the token; it is not shown again:\n`);
    process.stdout.write(`${token}\n`);
  }
  return 0;
}

const lineOf = ({ name, role, scopes, expiresMs }: ShownToken): string =>
  `${name} (${role}${scopes ? ` of ${scopes.join(', ')}` : ''}) is made${expiresMs === undefined ? '' : `, and ends ${new Date(expiresMs).toISOString()}`}.`;

async function list(path: string, json: boolean): Promise<number> {
  const tokens = await ask(path, 'tokens');
  if (!tokens) {
    complain('error', 'the running moat has no api block in force');
    return FAULTY;
  }
  process.stdout.write(json ? `${JSON.stringify(tokens)}\n` : textOf(tokens));
  return 0;
}

const dayOf = (ms: number | undefined): string => (ms === undefined ? 'never' : new Date(ms).toISOString());

const textOf = (tokens: readonly ShownToken[]): string =>
  tokens.length === 0
    ? 'there is no token: moat token create NAME makes one\n'
    : tableOf(
        ['name', 'role', 'scopes', 'id', 'created', 'ends'],
        tokens.map(({ name, role, scopes, id, createdMs, expiresMs }) => [
          ...[name, role, scopes?.join(',') ?? 'all', id, dayOf(createdMs), dayOf(expiresMs)],
        ]),
      );
