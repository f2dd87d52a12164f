/** The health checks of all records. */
import type { GslbModel } from '#model/gslb.ts';
import type { L4CheckModel } from '#model/l4/health.ts';

export const checksOf = ({ zones }: GslbModel): L4CheckModel[] =>
  zones.flatMap(({ records }) => records.flatMap(({ checks }) => checks));

/** Then the process keeps the right to raw sockets. */
export const wantsPing = (model: GslbModel): boolean =>
  checksOf(model).some(({ question }) => question.type === 'ping');
