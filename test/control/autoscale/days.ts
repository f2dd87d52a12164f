/** Loads of made days, for tests of scaling. */
import type { AutoscaleModel } from '#model/autoscale.ts';

export const MODEL: AutoscaleModel = {
  pool: 'app',
  load: 'requests-per-second',
  target: 100,
  exporter: undefined,
  min: 2,
  max: 20,
  outCooldownMs: 30_000,
  inCooldownMs: 300_000,
  tolerance: 0.1,
  predictMs: 0,
  action: undefined,
};

export const DAY_S = 86_400;

/** Quiet nights, and a step up at nine: 150 before and after, 1000 from 9:00 to 18:00. */
export const office = (atS: number): number => {
  const hour = (atS % DAY_S) / 3600;
  return hour >= 9 && hour < 18 ? 1000 : 150;
};

/** A point a minute. */
export const minutes = (days: number, load: (atS: number) => number): [number, number][] =>
  Array.from({ length: days * 1440 }, (_, minute) => [minute * 60, load(minute * 60)]);
