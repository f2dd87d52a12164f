/** What a pool's autoscale would have done with a load as it was. Pure. */
import type { AutoscaleModel } from '#model/autoscale.ts';
import { expectedLoad, PAST_S, STEP_S } from './expect.ts';
import { BEGIN, decide, type ScaleOrder } from './plan.ts';

export interface Moment {
  readonly atS: number;
  readonly load: number;
  /** Those that would have been there. */
  readonly members: number;
  readonly order: ScaleOrder | undefined;
}

export interface Simulation {
  readonly moments: readonly Moment[];
  readonly orders: { readonly more: number; readonly fewer: number };
  /** Sums over the time that is known, in hours. */
  readonly memberHours: number;
  /** What `max` members all the time would have been. */
  readonly mostHours: number;
  /** In which members had more than the tolerance allows. */
  readonly overloadedHours: number;
}

const MINUTE_S = 60;

/**
 * @param points load by minute, oldest first; gaps are gaps
 * @param sinceS from when on it is simulated; what is before it is known to the prediction
 * @param bootS how long a member takes to be there
 */
export function simulate(
  model: AutoscaleModel,
  points: readonly (readonly [atS: number, mean: number, ...rest: unknown[]])[],
  sinceS: number,
  bootS: number,
): Simulation {
  let state = BEGIN;
  let members = model.min;
  let coming: readonly { readonly to: number; readonly atS: number }[] = [];
  let [ahead, aheadStep] = [undefined as number | undefined, -1];
  const moments: Moment[] = [];
  points.forEach(([atS, load], index) => {
    if (atS < sinceS) return;
    members = Math.max(members, ...coming.filter(one => one.atS <= atS).map(({ to }) => to));
    coming = coming.filter(one => one.atS > atS);
    if (Math.floor(atS / STEP_S) !== aheadStep) {
      aheadStep = Math.floor(atS / STEP_S);
      const past = points.slice(Math.max(0, index - PAST_S / MINUTE_S), index);
      ahead = expectedLoad(past, atS, model.predictMs / 1000);
    }
    const next = decide(model, state, { nowMs: atS * 1000, load, members, ahead });
    state = next.state;
    const { order } = next;
    moments.push({ atS, load, members, order });
    if (!order) return;
    // An order that is given again has nobody start anew.
    if (order.to < members) [members, coming] = [order.to, []];
    else if (coming.every(({ to }) => to < order.to))
      coming = [...coming, { to: order.to, atS: atS + bootS }];
  });
  return { moments, ...sumsOf(moments, model) };
}

function sumsOf(moments: readonly Moment[], { target, tolerance, max }: AutoscaleModel) {
  const orders = moments.flatMap(({ order }) => order ?? []);
  const hours = (minutes: number) => minutes / 60;
  return {
    orders: {
      more: orders.filter(({ from, to }) => to > from).length,
      fewer: orders.filter(({ from, to }) => to < from).length,
    },
    memberHours: hours(moments.reduce((sum, { members }) => sum + members, 0)),
    mostHours: hours(moments.length * max),
    overloadedHours: hours(
      moments.filter(({ load, members }) => load > members * target * (1 + tolerance)).length,
    ),
  };
}
