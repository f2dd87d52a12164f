/** What one side of a canary has done since it began: the process that serves what is in force, or the one that tries what is new. */
import type { PlaneStatus } from '#l7';
import { quantile } from '../status/quantile.ts';

export interface Counts {
  /** Those that have ended. */
  readonly requests: number;
  /** Answered with 5xx. */
  readonly failed: number;
  /** Asked of servers: of one request several, where the first ones fail. */
  readonly tries: number;
  /** No answer came of them. */
  readonly failedTries: number;
  /** Requests by how long they took, one more than there are bounds. */
  readonly buckets: readonly number[];
  /** In seconds. */
  readonly bounds: readonly number[];
}

export const NOTHING: Counts = {
  ...{ requests: 0, failed: 0, tries: 0, failedTries: 0 },
  ...{ buckets: [], bounds: [] },
};

const SERVER_FAULTS = 5;

/** Since the process began. */
function countsOf({ traffic, pools }: Pick<PlaneStatus, 'traffic' | 'pools'>): Counts {
  if (!traffic) return NOTHING;
  const members = pools.flatMap(pool => pool.members);
  const sum = (of: 'requests' | 'fails') => members.reduce((all, { counts }) => all + counts[of], 0);
  const { durations, durationBounds, answers } = traffic;
  return {
    ...{ requests: durations.count, failed: answers[SERVER_FAULTS] ?? 0 },
    ...{ tries: sum('requests'), failedTries: sum('fails') },
    ...{ buckets: durations.buckets, bounds: durationBounds },
  };
}

function combine(a: Counts, b: Counts, how: (a: number, b: number) => number): Counts {
  const length = Math.max(a.buckets.length, b.buckets.length);
  return {
    requests: how(a.requests, b.requests),
    failed: how(a.failed, b.failed),
    tries: how(a.tries, b.tries),
    failedTries: how(a.failedTries, b.failedTries),
    buckets: Array.from({ length }, (_, at) => how(a.buckets[at] ?? 0, b.buckets[at] ?? 0)),
    bounds: a.bounds.length > 0 ? a.bounds : b.bounds,
  };
}

/** Members that go take their counts with them. */
const grown = (now: number, before: number): number => Math.max(0, now - before);
const plus = (a: number, b: number): number => a + b;

/** Adds up what a process counts from the first look on; one that takes the place of another begins anew. */
export class Tally {
  #carried = NOTHING;
  #pid: number | undefined;
  #first = NOTHING;
  #last = NOTHING;

  look({ pid, ...status }: Pick<PlaneStatus, 'pid' | 'traffic' | 'pools'>): void {
    const now = countsOf(status);
    if (this.#pid === undefined) this.#first = now;
    else if (this.#pid !== pid) {
      this.#carried = this.counts;
      this.#first = NOTHING;
    }
    this.#pid = pid;
    this.#last = now;
  }

  get counts(): Counts {
    return combine(this.#carried, combine(this.#last, this.#first, grown), plus);
  }
}

/** 95 of 100 requests took at most so long; undefined where there were none. */
export const slowestS = ({ buckets, bounds, requests }: Counts): number | undefined =>
  requests === 0 ? undefined : quantile(buckets, bounds, SLOW_SHARE * requests);

export const SLOW_SHARE = 0.95;
