/** Whether a canary is worse than those that serve what is in force: a pure rule over what both did in the same time. */
import type { CanaryPlan } from './plan.ts';
import { type Counts, SLOW_SHARE, slowestS } from './tally.ts';

export type Verdict =
  | { readonly kind: 'fine' | 'worse'; readonly figures: string }
  /** Too few requests to tell; what there were are not worse. */
  | { readonly kind: 'few'; readonly figures: string };

/** How sure it has to be that chance alone does not make it look worse: so many standard deviations. */
const SURE = 2;

/**
 * A canary is worse when a share of its requests is above that of the others by the factor and by the bound, and the lower end of
 * what the share may really be (Wilson's interval) is so, too: five bad ones of a hundred say more than one of twenty.
 *
 * @param plan bounds; `leastRequests` says from when on it is judged, unless it is `over`
 */
export function judge(
  old: Counts,
  fresh: Counts,
  plan: Pick<CanaryPlan, 'errorsPercent' | 'latencyMs' | 'factor' | 'leastRequests'>,
  over: boolean,
): Verdict | undefined {
  const isFew = fresh.requests < plan.leastRequests;
  if (isFew && !over) return undefined;
  const worse = flaws(old, fresh, plan);
  if (worse.length > 0) return { kind: 'worse', figures: worse.join('; ') };
  if (!over) return undefined;
  return { kind: isFew ? 'few' : 'fine', figures: figuresText(old, fresh) };
}

function flaws(
  old: Counts,
  fresh: Counts,
  { errorsPercent, latencyMs, factor }: Pick<CanaryPlan, 'errorsPercent' | 'latencyMs' | 'factor'>,
): string[] {
  const isMore = (bad: number, all: number, otherBad: number, otherAll: number) => {
    const other = shareOf(otherBad, otherAll);
    return lowestShare(bad, all) > Math.max(other * factor, other + errorsPercent / 100);
  };
  const said: string[] = [];
  if (isMore(fresh.failed, fresh.requests, old.failed, old.requests))
    said.push(`${faultText(fresh)} answered with 5xx, of the others ${faultText(old)}`);
  if (isMore(fresh.failedTries, fresh.tries, old.failedTries, old.tries))
    said.push(
      `${ofText(fresh.failedTries, fresh.tries)} asked of servers failed, of the others ${ofText(old.failedTries, old.tries)}`,
    );
  const slow = slowness(old, fresh, latencyMs, factor);
  return slow === undefined ? said : [...said, slow];
}

/** Too many are slower than 95 of 100 of the others may be, by the bound of a bucket that is at least that. */
function slowness(old: Counts, fresh: Counts, latencyMs: number, factor: number): string | undefined {
  const usualS = slowestS(old);
  if (usualS === undefined) return undefined;
  const mostS = Math.max(usualS * factor, usualS + latencyMs / 1000);
  const at = fresh.bounds.findIndex(bound => bound >= mostS);
  if (at === -1) return undefined; // slower than that is not told apart
  const slower = fresh.buckets.slice(at + 1).reduce((sum, count) => sum + count, 0);
  if (lowestShare(slower, fresh.requests) <= 1 - SLOW_SHARE) return undefined;
  return `${ofText(slower, fresh.requests)} took longer than ${msText(fresh.bounds[at]!)}, 95 of 100 of the others at most ${msText(usualS)}`;
}

const shareOf = (part: number, all: number): number => (all === 0 ? 0 : part / all);

/** The lower end of Wilson's interval (1927) of a share. */
export function lowestShare(part: number, all: number): number {
  if (all === 0 || part <= 0) return 0;
  const share = Math.min(1, part / all);
  const z2 = SURE * SURE;
  const middle = share + z2 / (2 * all);
  const half = SURE * Math.sqrt((share * (1 - share)) / all + z2 / (4 * all * all));
  return (middle - half) / (1 + z2 / all);
}

const ofText = (part: number, all: number): string =>
  `${part} of ${all} (${Number((100 * shareOf(part, all)).toPrecision(2))} %)`;

const faultText = ({ failed, requests }: Counts): string => ofText(failed, requests);

/** Of both sides, for the history. */
function figuresText(old: Counts, fresh: Counts): string {
  const of = (counts: Counts) => {
    const slowest = slowestS(counts);
    const time = slowest === undefined ? '' : `, 95 of 100 within ${msText(slowest)}`;
    return `${counts.requests} requests, ${counts.failed} with 5xx${time}`;
  };
  return `canary ${of(fresh)}; the others ${of(old)}`;
}

/** Logs and the history hold bytes: no µ. */
const msText = (seconds: number): string => `${Number((seconds * 1000).toPrecision(2))} ms`;
