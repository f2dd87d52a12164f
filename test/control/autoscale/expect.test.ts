/** Prediction from the days before, and what it is worth to a pool. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectedLoad } from '../../../control/autoscale/expect.ts';
import { forecastOf } from '../../../control/autoscale/holt-winters.ts';
import { simulate } from '../../../control/autoscale/simulate.ts';
import { DAY_S, MODEL, minutes, office } from './days.ts';

const near = (value: number | undefined, expected: number, part = 0.05) =>
  assert.ok(
    value !== undefined && Math.abs(value - expected) <= expected * part,
    `${value} is not near ${expected}`,
  );

test('forecastOf: a season that repeats is foretold, a trend goes on, and a gap changes nothing', () => {
  const season = 24;
  const wave = (step: number) => 100 + 50 * Math.sin((2 * Math.PI * step) / season);
  const values = Array.from({ length: 5 * season }, (_, step) => wave(step));
  const forecast = forecastOf(values, season)!;
  for (let ahead = 1; ahead <= 2 * season; ahead++)
    near(forecast(ahead), wave(values.length + ahead - 1), 0.02);
  const holes = forecastOf(
    values.map((value, step) => (step > 40 && step < 60 ? undefined : value)),
    season,
  )!;
  for (let ahead = 1; ahead <= season; ahead++) near(holes(ahead), wave(values.length + ahead - 1), 0.02);
  const growing = forecastOf(
    Array.from({ length: 20 * season }, (_, step) => wave(step) + step),
    season,
  )!;
  assert.ok(growing(6) > wave(20 * season + 5) + 20 * season - 10);
  assert.equal(forecastOf(Array(48).fill(0), 24)!(5), 0);
});

test('forecastOf: less than two seasons, or too little of the first, is nothing to go by', () => {
  assert.equal(forecastOf(Array(47).fill(1), 24), undefined);
  assert.equal(forecastOf([...Array(13).fill(undefined), ...Array(35).fill(1)], 24), undefined);
});

test('expectedLoad: knows at 8:50 what nine o’clock brings, and at 8:00 that it is not near', () => {
  const past = (atS: number) => minutes(4, office).filter(([at]) => at < atS);
  const at = (hour: number) => 3 * DAY_S + hour * 3600;
  const expected = (hour: number) => expectedLoad(past(at(hour)), at(hour), 900);
  near(expected(8), 150);
  near(expected(8 + 50 / 60), 1000);
  near(expected(12), 1000);
  assert.equal(expectedLoad(past(DAY_S), DAY_S, 900), undefined, 'a day is too little');
  assert.equal(expectedLoad([], 0, 900), undefined);
});

test('simulate: with prediction capacity is there before the peak, without it after; both cost less than the most all day', () => {
  const points = minutes(4, office);
  const reacts = simulate(MODEL, points, 3 * DAY_S, 300);
  const foretells = simulate(
    { ...MODEL, predictMs: 900_000, outCooldownMs: 600_000 },
    points,
    3 * DAY_S,
    300,
  );
  assert.equal(reacts.moments.length, 1440);
  const over = [reacts.overloadedHours, foretells.overloadedHours];
  assert.ok(over[0]! >= 5 / 60 && over[1] === 0, `${over}`);
  const membersAt = ({ moments }: typeof reacts, minute: number) => moments[minute]!.members;
  assert.deepEqual([membersAt(reacts, 540), membersAt(foretells, 540)], [2, 10]);
  assert.deepEqual(
    [membersAt(reacts, 720), membersAt(foretells, 720), membersAt(foretells, 1439)],
    [10, 10, 2],
  );
  for (const { memberHours, mostHours } of [reacts, foretells]) assert.ok(memberHours < mostHours / 2);
  assert.deepEqual(foretells.orders, { more: 1, fewer: 8 });
});

test('simulate: a night without data orders nothing', () => {
  const points = minutes(1, office).filter(([at]) => at < 3600 || at > 7200);
  assert.deepEqual(
    simulate(MODEL, points, 0, 60).moments.filter(({ atS }) => atS >= 3600 && atS <= 7200),
    [],
  );
});
