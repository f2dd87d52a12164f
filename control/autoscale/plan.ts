/**
 * How many members a pool should have: more at once, fewer slowly. Pure.
 *
 * More: the load is above what those that are there, or were ordered, may bear, or will be; as many as it takes, and not again before
 * `outCooldownMs`. Fewer: none of the last `inCooldownMs` needed as many; a tenth of them goes, one at least, and not again before that time.
 * Where the load is not known nothing is ordered.
 */
import type { AutoscaleModel } from '#model/autoscale.ts';

export interface Look {
  readonly nowMs: number;
  /** In the unit of the target, of all members together; undefined: not known. */
  readonly load: number | undefined;
  /** Those that are there; undefined: not known. */
  readonly members: number | undefined;
  /** The most that is expected within the time ahead; undefined: not known. */
  readonly ahead: number | undefined;
}

export interface ScaleOrder {
  readonly from: number;
  readonly to: number;
  readonly reason: 'load' | 'forecast' | 'least' | 'idle';
}

export interface ScaleState {
  /** The last order, and when it was given. */
  readonly ordered: { readonly to: number; readonly isMore: boolean; readonly atMs: number } | undefined;
  /** Since when looks have come without a gap. */
  readonly sinceMs: number;
  readonly lookedMs: number;
  /** How many were needed, the most in each tenth of a minute, as far back as `inCooldownMs`. */
  readonly needs: readonly { readonly slot: number; readonly need: number }[];
}

export const BEGIN: ScaleState = {
  ordered: undefined,
  sinceMs: Number.NEGATIVE_INFINITY,
  lookedMs: Number.NEGATIVE_INFINITY,
  needs: [],
};

const SLOT_MS = 6000;
/** After a longer one nobody knows what was needed meanwhile. */
const GAP_MS = 180_000;

/** @returns the state after it, and what is to be ordered now */
export function decide(
  model: AutoscaleModel,
  before: ScaleState,
  look: Look,
): { readonly state: ScaleState; readonly order?: ScaleOrder } {
  const { nowMs, load, members, ahead } = look;
  if (load === undefined || members === undefined) return { state: before };
  const state = nowMs < before.lookedMs ? BEGIN : before; // the clock was put back
  const need = needOf(model, Math.max(load, ahead ?? 0));
  const looked = withNeed(model, state, nowMs, need);
  const have = expected(model, state, members, nowMs);
  const order = more(model, state, have, look) ?? fewer(model, looked, have, nowMs);
  if (!order) return { state: looked };
  const ordered = { to: order.to, isMore: order.to > order.from, atMs: nowMs };
  return { state: { ...looked, ordered }, order };
}

const needOf = ({ target, min, max }: AutoscaleModel, load: number): number =>
  Math.min(max, Math.max(min, Math.ceil(load / target)));

function withNeed(
  { inCooldownMs }: AutoscaleModel,
  state: ScaleState,
  nowMs: number,
  need: number,
): ScaleState {
  const hasGap = nowMs - state.lookedMs > GAP_MS;
  const slot = Math.floor(nowMs / SLOT_MS);
  const first = slot - Math.ceil(inCooldownMs / SLOT_MS);
  const kept = hasGap ? [] : state.needs.filter(one => one.slot >= first && one.slot !== slot);
  const same = hasGap ? undefined : state.needs.find(one => one.slot === slot);
  return {
    ordered: state.ordered,
    sinceMs: hasGap ? nowMs : state.sinceMs,
    lookedMs: nowMs,
    needs: [...kept, { slot, need: Math.max(need, same?.need ?? 0) }],
  };
}

/** Who was ordered and is not there yet counts, for a while: then it is ordered again. */
function expected(model: AutoscaleModel, { ordered }: ScaleState, members: number, nowMs: number): number {
  if (!ordered) return members;
  const { to, isMore, atMs } = ordered;
  if (nowMs - atMs >= (isMore ? model.outCooldownMs : model.inCooldownMs)) return members;
  return isMore ? Math.max(members, to) : Math.min(members, to);
}

function more(
  model: AutoscaleModel,
  { ordered }: ScaleState,
  have: number,
  look: Look,
): ScaleOrder | undefined {
  const { nowMs, load = 0, ahead = 0 } = look;
  if (ordered?.isMore && nowMs - ordered.atMs < model.outCooldownMs) return undefined;
  const bears = have * model.target * (1 + model.tolerance);
  const forLoad = load > bears ? needOf(model, load) : 0;
  const forForecast = ahead > bears ? needOf(model, ahead) : 0;
  const to = Math.max(forLoad, forForecast, model.min);
  if (to <= have) return undefined;
  return { from: have, to, reason: to === forLoad ? 'load' : to === forForecast ? 'forecast' : 'least' };
}

function fewer(
  model: AutoscaleModel,
  state: ScaleState,
  have: number,
  nowMs: number,
): ScaleOrder | undefined {
  const { ordered, sinceMs, needs } = state;
  const quietMs = nowMs - Math.max(sinceMs, ordered?.atMs ?? sinceMs);
  if (quietMs < model.inCooldownMs) return undefined;
  const needed = Math.max(...needs.map(({ need }) => need));
  const to = Math.max(needed, have - Math.max(1, Math.floor(have / 10)));
  return to < have ? { from: have, to, reason: 'idle' } : undefined;
}
