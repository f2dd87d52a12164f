/** `moat waf mode`: what the firewall of the running program does, everywhere, at a server or in a location. */
import { WAF_MODES } from '#model/l7/waf.ts';
import { orderLive, showLive } from '../../live/command.ts';
import { isWafMode } from '../../live/settings.ts';
import { OptionFault } from '../../options.ts';
import { tableOf } from '../../status/text.ts';

export interface ModeOptions {
  readonly json: boolean;
  readonly server: string | undefined;
  readonly location: string | undefined;
  readonly lengthMs: number | undefined;
}

/** @returns the exit code @throws {OptionFault} */
export function mode(path: string, words: readonly string[], options: ModeOptions): Promise<number> {
  const [word, extra] = words;
  if (extra !== undefined) throw new OptionFault(`unexpected "${extra}"`);
  const { json, server, location, lengthMs } = options;
  if (word === undefined)
    return showLive(path, json, ({ modes }) =>
      tableOf(
        ['server', 'location', 'mode', 'configured'],
        modes.map(one => [one.server || '(no name)', one.location ?? '', one.mode, one.configured]),
      ),
    );
  if (word !== 'resume' && !isWafMode(word))
    throw new OptionFault(`"${word}" is not one of ${[...WAF_MODES, 'resume'].join(', ')}`);
  return orderLive(path, {
    kind: 'waf-mode',
    mode: isWafMode(word) ? word : undefined,
    ...{ server, location, lengthMs },
  });
}
