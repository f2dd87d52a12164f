/** `moat log-level`: how bad a line must be to stand in the error logs of the running program. */
import { parseDurationMs } from '#kit/units.ts';
import { LOG_LEVELS } from '#model/l7/log.ts';
import { orderLive, showLive } from '../live/command.ts';
import { isLogLevel } from '../live/settings.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';
import { runningSocket } from '../running.ts';

/** @returns 1 when no program of this configuration answers, or refuses */
export async function run(args: readonly string[]): Promise<number> {
  const options = { ...CONFIG_OPTIONS, json: { type: 'boolean' }, for: { type: 'string' } } as const;
  const { values, positionals } = readOptions(args, options, 1);
  const [word] = positionals;
  if (word !== undefined && word !== 'resume' && !isLogLevel(word))
    throw new OptionFault(`"${word}" is not one of ${LOG_LEVELS.join(', ')}, resume`);
  const lengthMs = values.for === undefined ? undefined : parseDurationMs(values.for, 1000);
  if (values.for !== undefined && (!lengthMs || word === undefined))
    throw new OptionFault('--for TIME belongs to a level: moat log-level debug --for 10m');
  const path = runningSocket(invocationFrom(values));
  if (path === undefined) return 1;
  if (word !== undefined)
    return orderLive(path, { kind: 'log-level', level: isLogLevel(word) ? word : undefined, lengthMs });
  return showLive(path, values.json ?? false, ({ said, configuredLevel }) => {
    const { level, untilMs } = said.logLevel ?? {};
    const end = untilMs === undefined ? '' : `, until ${new Date(untilMs).toLocaleString()}`;
    return level ? `${level} by command${end}; configured: ${configuredLevel}\n` : `${configuredLevel}\n`;
  });
}
