/** `moat acme`: certificates that the running program has authorities issue. */
import type { ShownIssued } from '../acme/issued.ts';
import type { RevokeWish } from '../acme/keeper.ts';
import { REASON_NAMES } from '../acme/revocation.ts';
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, noSuchWord, OptionFault, readOptions } from '../options.ts';
import { runningSocket } from '../running.ts';
import { ask } from '../status/client.ts';
import { durationText, tableOf } from '../status/text.ts';

const FAULTY = 1;
const MOST_WORDS = 3;
const OPTIONS = {
  ...CONFIG_OPTIONS,
  json: { type: 'boolean' },
  force: { type: 'boolean' },
  reason: { type: 'string' },
} as const;
const VERBS = ['status', 'renew', 'revoke'] as const;

/** @returns 1 when no program of this configuration answers, or an order comes to nothing */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, MOST_WORDS);
  const [verb = '', which, extra] = positionals;
  if (!VERBS.some(one => one === verb)) throw noSuchWord(verb, VERBS);
  if (extra !== undefined) throw new OptionFault(`unexpected "${extra}"`);
  const taken = verb === 'revoke' ? wishOf(which, values) : undefined;
  if (!taken && values.reason !== undefined) throw new OptionFault('--reason is for revoke');
  const path = runningSocket(invocationFrom(values));
  if (path === undefined) return FAULTY;
  const isJson = values.json ?? false;
  try {
    if (verb === 'status') return await status(path, which, isJson);
    if (taken) return await revoke(path, taken, isJson);
    return await renew(path, which, values.force ?? false, isJson);
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}

/** @throws {OptionFault} */
function wishOf(
  which: string | undefined,
  { reason = 'unspecified', force = false }: { readonly reason?: string; readonly force?: boolean },
): RevokeWish {
  if (which === undefined) throw new OptionFault('say which: a name that moat acme status shows');
  const known = REASON_NAMES.find(one => one === reason);
  if (known === undefined)
    throw new OptionFault(`--reason "${reason}" is not one of ${REASON_NAMES.join(', ')}`);
  return { which, reason: known, force };
}

async function revoke(path: string, wish: RevokeWish, isJson: boolean): Promise<number> {
  const answer = await ask(path, 'acme-revoke', JSON.stringify(wish));
  if ('fault' in answer) {
    complain('error', answer.fault);
    return FAULTY;
  }
  const { serial, fault } = answer.done;
  if (isJson) process.stdout.write(`${JSON.stringify(answer.done)}\n`);
  else if (fault === undefined) process.stdout.write(`the certificate ${serial} is revoked\n`);
  else complain('error', `the certificate ${serial} is not revoked: ${fault}${hintOf(wish, fault)}`);
  return fault === undefined ? 0 : FAULTY;
}

const hintOf = ({ force }: RevokeWish, fault: string): string =>
  !force && fault.startsWith('there is no other') ? ' (--force revokes all the same)' : '';

async function status(path: string, which: string | undefined, isJson: boolean): Promise<number> {
  const all = await ask(path, 'acme');
  if (!all || all.length === 0) {
    complain('error', 'the running moat orders no certificates');
    return FAULTY;
  }
  const shown = all.filter(({ id, names }) => which === undefined || id === which || names.includes(which));
  if (shown.length === 0) complain('error', `there is no certificate "${which}"`);
  else process.stdout.write(isJson ? `${JSON.stringify(shown)}\n` : textOf(shown));
  return shown.length > 0 ? 0 : FAULTY;
}

const HEADINGS = ['certificate', 'state', 'valid for', 'next order', 'failures'];

function textOf(all: readonly ShownIssued[]): string {
  const nowMs = Date.now();
  const faults = all.filter(({ lastError }) => lastError !== undefined);
  const words = faults.map(({ id, lastError }) => `\n${id}: ${lastError}\n`);
  return (
    tableOf(
      HEADINGS,
      all.map(one => rowOf(one, nowMs)),
    ) + words.join('')
  );
}

const rowOf = (one: ShownIssued, nowMs: number): string[] => [
  one.id,
  one.isStandIn && one.state !== 'stand-in' ? `${one.state}, stand-in` : one.state,
  validText(one, nowMs),
  nextOf(one, nowMs),
  String(one.failures),
];

function validText({ isStandIn, isBorrowed, notAfterMs }: ShownIssued, nowMs: number): string {
  if (isStandIn && !isBorrowed) return 'self-signed';
  const left = durationText(notAfterMs - nowMs);
  return isBorrowed ? `${left}, of other names` : left;
}

function nextOf({ waitsForNode, nextTryMs, byAuthority }: ShownIssued, nowMs: number): string {
  if (waitsForNode) return 'by another node';
  const when = nextTryMs > nowMs ? `in ${durationText(nextTryMs - nowMs)}` : 'now';
  return byAuthority ? `${when} (ARI)` : when;
}

async function renew(
  path: string,
  which: string | undefined,
  force: boolean,
  isJson: boolean,
): Promise<number> {
  const answer = await ask(path, 'acme-renew', JSON.stringify({ which, force }));
  if ('fault' in answer) {
    complain('error', answer.fault);
    return FAULTY;
  }
  if (isJson) process.stdout.write(`${JSON.stringify(answer.done)}\n`);
  else if (answer.done.length === 0) process.stdout.write('nothing is due; --force orders all the same\n');
  else
    for (const { id, fault } of answer.done)
      process.stdout.write(`${id}: ${fault === undefined ? 'issued' : `failed: ${fault}`}\n`);
  return answer.done.some(({ fault }) => fault !== undefined) ? FAULTY : 0;
}
