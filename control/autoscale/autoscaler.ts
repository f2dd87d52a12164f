/** Autoscale at work: judges each second's measures, and has done what follows. It lives in the process of the API. */
import type { AutoscaleModel } from '#model/autoscale.ts';
import type { Act } from './act.ts';
import { expectedLoad, PAST_S, STEP_S } from './expect.ts';
import { BEGIN, decide, type ScaleOrder, type ScaleState } from './plan.ts';
import { loadCurve, membersCurve, wantedCurve } from './readings.ts';

interface Past {
  curve(
    name: string,
    range: { readonly sinceS: number; readonly untilS: number; readonly stepS: number },
  ): { readonly points: readonly (readonly [atS: number, mean: number, most: number])[] } | undefined;
}

export interface AutoscalerMeans {
  readonly past: Past;
  readonly act: Act;
  readonly tell: (level: 'error' | 'notice', message: string) => void;
  readonly signal: AbortSignal;
}

/** A second alone is chance. */
const MEAN_OF = 15;
/** After a fault the same order is given again. */
const RETRY_MS = 10_000;

export class Autoscaler {
  readonly #rows: readonly Row[];

  constructor(models: readonly AutoscaleModel[], means: AutoscalerMeans) {
    this.#rows = models.map(model => new Row(model, means));
  }

  /** @param values of this second; how many members are wanted is added */
  judge(values: Map<string, number>, nowMs: number): void {
    for (const row of this.#rows) row.judge(values, nowMs);
  }
}

class Row {
  readonly #model: AutoscaleModel;
  readonly #means: AutoscalerMeans;
  #state: ScaleState = BEGIN;
  #recent: number[] = [];
  #ahead: number | undefined;
  #step = -1;
  #wanted: number | undefined;
  #isActing = false;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #fault: string | undefined;

  constructor(model: AutoscaleModel, means: AutoscalerMeans) {
    this.#model = model;
    this.#means = means;
  }

  judge(values: Map<string, number>, nowMs: number): void {
    const { pool } = this.#model;
    const members = values.get(membersCurve(pool));
    const load = this.#smooth(values.get(loadCurve(this.#model)));
    this.#foretell(nowMs / 1000);
    if (!this.#isActing && nowMs >= this.#pausedUntilMs) {
      const before = this.#state;
      const { state, order } = decide(this.#model, before, { nowMs, load, members, ahead: this.#ahead });
      this.#state = state;
      if (order) void this.#obey(order, load ?? 0, before, nowMs);
    }
    const wanted = this.#wanted ?? members;
    if (wanted !== undefined) values.set(wantedCurve(pool), wanted);
  }

  /** @returns undefined until it is known for long enough */
  #smooth(load: number | undefined): number | undefined {
    this.#recent = load === undefined ? [] : [...this.#recent.slice(1 - MEAN_OF), load];
    const { length } = this.#recent;
    return length < MEAN_OF ? undefined : this.#recent.reduce((sum, value) => sum + value, 0) / length;
  }

  /** Once for each step of the prediction. */
  #foretell(nowS: number): void {
    const step = Math.floor(nowS / STEP_S);
    if (this.#model.predictMs === 0 || step === this.#step) return;
    this.#step = step;
    const range = { sinceS: Math.floor(nowS - PAST_S), untilS: Math.floor(nowS), stepS: STEP_S };
    const points = this.#means.past.curve(loadCurve(this.#model), range)?.points ?? [];
    this.#ahead = expectedLoad(points, nowS, this.#model.predictMs / 1000);
  }

  async #obey(order: ScaleOrder, load: number, before: ScaleState, nowMs: number): Promise<void> {
    const { pool, target, load: measure, action } = this.#model;
    const { tell, act, signal } = this.#means;
    const isNews = order.to !== this.#wanted;
    this.#wanted = order.to;
    const words = `autoscale: pool "${pool}" from ${order.from} to ${order.to} members (${order.reason}; ${Math.round(load)} ${measure.replaceAll('-', ' ')}, ${target} each)`;
    if (!action) {
      if (isNews) tell('notice', `${words}: nobody is told`);
      return;
    }
    this.#isActing = true;
    try {
      await act(action, { pool, target, measure, load, ...order }, signal);
      if (isNews || this.#fault !== undefined) tell('notice', words);
      this.#fault = undefined;
    } catch (fault) {
      const { message } = fault as Error;
      if (signal.aborted) return;
      if (message !== this.#fault) tell('error', `${words} is not done: ${message}`);
      this.#fault = message;
      this.#state = { ...this.#state, ordered: before.ordered }; // it was not ordered
      this.#pausedUntilMs = nowMs + RETRY_MS;
    } finally {
      this.#isActing = false;
    }
  }
}
