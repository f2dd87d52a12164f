/**
 * Schedulers that compare loads: lc, wlc, sed, nq and twos, by LVS's definitions. The program in the kernel does the same on
 * its counters; these functions say what that is.
 */
import type { ScoreRule } from '../tables.ts';
import type { LoadedCandidate } from './candidate.ts';

/** LVS: an idle connection weighs a 256th of one in use. */
const overhead = ({ active, inactive }: LoadedCandidate): number => active * 256 + inactive;

/** Whether `a` is better off than `b`; equal ones are not, so that the first of them stays. */
type Better = (a: LoadedCandidate, b: LoadedCandidate) => boolean;

const lighter: Better = (a, b) => overhead(a) < overhead(b);
/** Fractions are compared by products: exact, and possible in the kernel. */
const lighterForItsWeight: Better = (a, b) => overhead(a) * b.weight < overhead(b) * a.weight;
const sooner: Better = (a, b) => (a.active + 1) * b.weight < (b.active + 1) * a.weight;

export const best = <C extends LoadedCandidate>(candidates: readonly C[], better: Better): C | undefined =>
  candidates.reduce<C | undefined>((kept, next) => (!kept || better(next, kept) ? next : kept), undefined);

/** The least loaded for its weight. */
export const leastLoaded = (candidates: readonly LoadedCandidate[]): LoadedCandidate | undefined =>
  best(candidates, lighterForItsWeight);

/** The most loaded for its weight. */
export const mostLoaded = (candidates: readonly LoadedCandidate[]): LoadedCandidate | undefined =>
  best(candidates, (a, b) => lighterForItsWeight(b, a));

/**
 * @param candidates in the order of their lines, without those that are full
 * @param draw 0 <= r < 1, for twos; called twice
 * @returns undefined when there are none
 */
export type Scorer = (
  candidates: readonly LoadedCandidate[],
  draw: () => number,
) => LoadedCandidate | undefined;

export const SCORERS: Readonly<Record<ScoreRule, Scorer>> = {
  lc: candidates => best(candidates, lighter),
  wlc: leastLoaded,
  sed: candidates => best(candidates, sooner),
  nq: candidates => candidates.find(({ active }) => active === 0) ?? best(candidates, sooner),
  twos: (candidates, draw) => {
    const first = drawByWeight(candidates, draw());
    const second = drawByWeight(
      candidates.filter(one => one !== first),
      draw(),
    );
    return first && second && lighterForItsWeight(second, first) ? second : first;
  },
};

function drawByWeight(candidates: readonly LoadedCandidate[], drawn: number): LoadedCandidate | undefined {
  const whole = candidates.reduce((sum, { weight }) => sum + weight, 0);
  let left = Math.floor(drawn * whole);
  for (const candidate of candidates) {
    left -= candidate.weight;
    if (left < 0) return candidate;
  }
  return undefined;
}
