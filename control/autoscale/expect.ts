/** What is expected of a load, from what it was on the days before. Pure. */
import { forecastOf } from './holt-winters.ts';

export const STEP_S = 300;
const DAY_STEPS = 86_400 / STEP_S;
/** As much as one answer of the history has. */
export const PAST_S = 5 * 86_400;

type Points = readonly (readonly [atS: number, mean: number, ...rest: unknown[]])[];

/**
 * @param points of `PAST_S` at most, oldest first, several to a step or one
 * @param aheadS how far
 * @returns the most of that time; undefined when too little is known
 */
export function expectedLoad(points: Points, nowS: number, aheadS: number): number | undefined {
  const first = points[0]?.[0];
  if (first === undefined || aheadS <= 0) return undefined;
  const from = Math.floor(first / STEP_S);
  // The step of this moment is not over: its mean is none yet.
  const count = Math.floor(nowS / STEP_S) - from;
  const sums = new Float64Array(Math.max(0, count));
  const known = new Uint32Array(Math.max(0, count));
  for (const [atS, mean] of points) {
    const at = Math.floor(atS / STEP_S) - from;
    if (at < 0 || at >= count) continue;
    sums[at]! += mean;
    known[at]!++;
  }
  const values = Array.from(sums, (sum, at) => (known[at]! > 0 ? sum / known[at]! : undefined));
  const forecast = forecastOf(values, DAY_STEPS);
  if (!forecast) return undefined;
  const steps = Math.ceil(aheadS / STEP_S) + 1; // the first is the one that has begun
  return Math.max(...Array.from({ length: steps }, (_, at) => forecast(at + 1)));
}
