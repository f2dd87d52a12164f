/** Schedulers that give turns: rr and wrr, as lists that are walked in a circle. */
import type { Candidate } from './candidate.ts';

/** Weights whose circle would be longer are scaled down to it; each share is then off by less than one turn of the circle. */
const MOST_TURNS = 65_536;

/** LVS's rr: one turn each, whatever the weights. */
export const equalTurns = (candidates: readonly Candidate[]): Uint32Array =>
  Uint32Array.from(candidates, ({ id }) => id);

/**
 * LVS's wrr: a circle in which each has as many turns as its weight, the heavier ones earlier. The threshold falls from
 * the greatest weight to 0 by steps of their greatest common divisor; in each round those that reach it have a turn.
 */
export function weightedTurns(candidates: readonly Candidate[]): Uint32Array {
  const scaled = scale(candidates);
  const step = scaled.reduce((divisor, { weight }) => greatestCommonDivisor(divisor, weight), 0);
  const most = Math.max(0, ...scaled.map(({ weight }) => weight));
  const turns: number[] = [];
  for (let threshold = most; threshold > 0; threshold -= step)
    for (const { id, weight } of scaled) if (weight >= threshold) turns.push(id);
  return Uint32Array.from(turns);
}

function scale(candidates: readonly Candidate[]): readonly Pick<Candidate, 'id' | 'weight'>[] {
  const step = candidates.reduce((divisor, { weight }) => greatestCommonDivisor(divisor, weight), 0);
  const whole = candidates.reduce((sum, { weight }) => sum + weight, 0) / Math.max(step, 1);
  if (whole <= MOST_TURNS) return candidates;
  const factor = MOST_TURNS / whole / step;
  return candidates.map(({ id, weight }) => ({ id, weight: Math.max(1, Math.round(weight * factor)) }));
}

export function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
