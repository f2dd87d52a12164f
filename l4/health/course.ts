/** The verdict of one check on one real server, and how answers change it. Pure. */

export type Verdict = 'unchecked' | 'alive' | 'dead';

export interface Course {
  readonly verdict: Verdict;
  /** Answers in a row that speak against the verdict. */
  readonly against: number;
}

export const UNCHECKED: Course = { verdict: 'unchecked', against: 0 };

/**
 * The first answer of all decides by itself; after that `rise` passed ones in a row bring a dead one back, `fall` failed
 * ones take a living one out.
 */
export function stepCourse(
  { verdict, against }: Course,
  passed: boolean,
  { rise, fall }: { readonly rise: number; readonly fall: number },
): Course {
  const said: Verdict = passed ? 'alive' : 'dead';
  if (said === verdict) return { verdict, against: 0 };
  const needed = verdict === 'unchecked' ? 1 : passed ? rise : fall;
  return against + 1 >= needed ? { verdict: said, against: 0 } : { verdict, against: against + 1 };
}
