/** Log level and firewall mode, by the orders that `moat log-level` and `moat waf mode` give. */
import type { Applier } from '../../apply.ts';
import { stillSaid } from '../../live/settings.ts';
import type { Change, WishOf } from './changes.ts';

const saidNow = ({ live }: Applier) => stillSaid(live.said, Date.now());

const levelState = async (_: unknown, applier: Applier) => ({
  logLevel: saidNow(applier).logLevel ?? null,
});

export const LOG_LEVEL: Change<WishOf<'log-level'>> = {
  ...{ state: levelState, after: levelState },
  act: (wish, { live }) => live.order(wish),
};

const modeState = async (_: unknown, applier: Applier) => ({ waf: saidNow(applier).waf });

export const WAF_MODE: Change<WishOf<'waf-mode'>> = {
  ...{ state: modeState, after: modeState },
  act: (wish, { live }) => live.order(wish),
};
