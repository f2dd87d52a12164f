/** `moat waf bans`: who is banned by limit_ban, in the running program. */
import type { Ban, BanOrder, ZoneBans } from '#l7';
import { complain } from '../../complaint.ts';
import { systemReason } from '../../load.ts';
import { OptionFault } from '../../options.ts';
import { ask } from '../../status/client.ts';
import { durationText } from '../../status/text.ts';
import { shown } from './render.ts';

const FAILED = 1;
const VERBS = 'list, add KEY, remove KEY';

export interface BanOptions {
  readonly json: boolean;
  readonly zone: string | undefined;
  /** Of `add`; undefined: without end. */
  readonly lengthMs: number | undefined;
}

/**
 * @param path the program's socket
 * @returns 1 when no program answers, it refuses, or there was nothing to remove
 * @throws {OptionFault} when the words are no order
 */
export async function bans(path: string, words: readonly string[], options: BanOptions): Promise<number> {
  const [verb = 'list', key] = words;
  if (!['list', 'add', 'remove'].includes(verb)) throw new OptionFault(`"${verb}" is not one of ${VERBS}`);
  if (verb !== 'list' && key === undefined) throw new OptionFault(`${verb} what? moat waf bans ${verb} KEY`);
  if (verb === 'list' && key !== undefined) throw new OptionFault(`unexpected "${key}"`);
  try {
    if (verb === 'list') return await list(path, options);
    const latin1 = Buffer.from(key!).toString('latin1');
    return await order(path, { kind: verb as BanOrder['kind'], key: latin1, ...options });
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAILED;
  }
}

async function order(path: string, { kind, key, zone, lengthMs }: BanOrder): Promise<number> {
  const answer = await ask(path, 'ban-order', JSON.stringify({ kind, key, zone, lengthMs }));
  if ('fault' in answer) {
    complain('error', answer.fault);
    return FAILED;
  }
  if (answer.done > 0) return 0;
  complain('error', `${shown(key)} is not banned`);
  return FAILED;
}

async function list(path: string, { json, zone }: BanOptions): Promise<number> {
  const zones = (await ask(path, 'bans')).filter(one => zone === undefined || one.zone === zone);
  const nowMs = Date.now();
  const now = zones.map(one => ({ ...one, bans: one.bans.filter(({ untilMs }) => untilMs > nowMs) }));
  process.stdout.write(json ? `${JSON.stringify(now)}\n` : textOf(now, nowMs));
  return 0;
}

function textOf(zones: readonly ZoneBans[], nowMs: number): string {
  const lines = zones.flatMap(({ zone, bans }) =>
    bans.toSorted((a, b) => b.sinceMs - a.sinceMs).map(ban => lineOf(zone, ban, nowMs)),
  );
  return lines.length === 0 ? 'nobody is banned\n' : lines.join('');
}

function lineOf(zone: string, { key, sinceMs, untilMs, times }: Ban, nowMs: number): string {
  const left = untilMs === Number.MAX_SAFE_INTEGER ? 'without end' : `${durationText(untilMs - nowMs)} left`;
  const since = new Date(sinceMs).toISOString().slice(0, 19);
  return `${shown(key).padEnd(24)}  ${left.padEnd(14)}  since ${since}Z, time ${times}, zone ${zone}\n`;
}
