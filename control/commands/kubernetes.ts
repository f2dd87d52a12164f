/** `moat kubernetes`: what objects of Kubernetes come to in the running program, and what of them is left out. */
import { complain } from '../complaint.ts';
import type { ShownRoutes } from '../kubernetes/keeper.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';
import { runningSocket } from '../running.ts';
import { ask } from '../status/client.ts';
import { durationText, tableOf } from '../status/text.ts';

const FAULTY = 1;
const OPTIONS = { ...CONFIG_OPTIONS, json: { type: 'boolean' } } as const;

/** @returns 1 when no program of this configuration answers, or it has no source of routes */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 1);
  if (positionals.length !== 1 || positionals[0] !== 'status') throw new OptionFault('say what: status');
  const path = runningSocket(invocationFrom(values));
  if (path === undefined) return FAULTY;
  try {
    const sources = await ask(path, 'routes');
    if (sources.length === 0) complain('error', 'the running moat has no kubernetes directive in force');
    else process.stdout.write(values.json ? `${JSON.stringify(sources)}\n` : sources.map(textOf).join('\n'));
    return sources.length === 0 ? FAULTY : 0;
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}

function textOf({
  source,
  state,
  plannedMs,
  error,
  refusal,
  services,
  problems,
  ...shown
}: ShownRoutes): string {
  const answer =
    plannedMs === undefined ? 'no answer yet' : `last change ${durationText(Date.now() - plannedMs)} ago`;
  const counts = `${shown.hosts.length} hosts, ${services} services, ${shown.certificates.length} certificates`;
  return [
    `kubernetes ${source}: ${state}, ${answer}: ${counts}\n`,
    ...(error === undefined ? [] : [`  fails: ${error}\n`]),
    ...(refusal === undefined ? [] : [`  not taken: ${refusal}\n`]),
    tableOf(
      ['host', 'routes'],
      shown.hosts.map(({ host, routes }) => [host, `${routes}`]),
    ),
    tableOf(
      ['left out', 'because'],
      problems.map(({ object, reason }) => [object, reason]),
    ),
  ].join('');
}
