/**
 * Prediction by exponential smoothing with a season (Holt 1957, Winters 1960), additive, with a damped trend, in the form that corrects by the error
 * (Hyndman, Koehler, Ord, Snyder: Forecasting with Exponential Smoothing, 2008). Pure.
 */

/** How much an error moves level, trend and season; how much of the trend is left a step later. */
const LEVEL = 0.2;
const TREND = 0.01;
const SEASON = 0.3;
const DAMPING = 0.98;
/** Of the first season, known values. */
const LEAST_KNOWN = 0.5;

/** @param ahead steps after the last value, 1 is the next one @returns not below 0 */
export type Forecast = (ahead: number) => number;

/**
 * @param values oldest first, one a step; undefined: not known, the curve goes on as expected
 * @param season its length in steps
 * @returns undefined when there are less than two seasons, or the first is known too little
 */
export function forecastOf(values: readonly (number | undefined)[], season: number): Forecast | undefined {
  if (values.length < 2 * season) return undefined;
  const first = values.slice(0, season).filter(value => value !== undefined);
  if (first.length < season * LEAST_KNOWN) return undefined;
  let level = first.reduce((sum, value) => sum + value, 0) / first.length;
  let trend = 0;
  const seasonal = values.slice(0, season).map(value => (value === undefined ? 0 : value - level));
  for (let step = season; step < values.length; step++) {
    const at = step % season;
    const damped = DAMPING * trend;
    const value = values[step];
    const error = value === undefined ? 0 : value - (level + damped + seasonal[at]!);
    level += damped + LEVEL * error;
    trend = damped + LEVEL * TREND * error;
    seasonal[at]! += SEASON * (1 - LEVEL) * error;
  }
  const count = values.length;
  return ahead => {
    const steps = (DAMPING * (1 - DAMPING ** ahead)) / (1 - DAMPING);
    return Math.max(0, level + trend * steps + seasonal[(count + ahead - 1) % season]!);
  };
}
