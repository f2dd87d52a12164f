/** The rule by which a canary is judged, over figures; and how the figures of both sides are added up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, lowestShare } from '../../../control/canary/judge.ts';
import { planOf } from '../../../control/canary/plan.ts';
import { type Counts, NOTHING, slowestS, Tally } from '../../../control/canary/tally.ts';

const BOUNDS = [0.005, 0.01, 0.1, 1];
const counts = (more: Partial<Counts>): Counts => ({ ...NOTHING, bounds: BOUNDS, ...more });
/** All within 5 ms, but for those that fail or are slow. */
const side = (requests: number, failed = 0, slow = 0): Counts =>
  counts({ requests, failed, tries: requests, buckets: [requests - slow, 0, 0, slow, 0] });
const plan = planOf({ lengthMs: 1000 });
const kind = (old: Counts, fresh: Counts, over = false, bounds = plan) =>
  judge(old, fresh, bounds, over)?.kind;

test('judge: errors, failed attempts and slowness each make it worse, and only beyond both bounds', () => {
  const old = side(1000);
  const cases: readonly [string, Counts, Counts, string | undefined][] = [
    ['equal', old, side(200), undefined],
    ['half fail', old, side(200, 100), 'worse'],
    ['a few fail, which may be chance', old, side(100, 2), undefined],
    ['as many fail as of the others', side(1000, 400), side(200, 90), undefined],
    ['beyond the bound, not by the factor', side(1000, 100), side(1000, 150), undefined],
    ['beyond both', side(1000, 100), side(1000, 300), 'worse'],
    ['a quarter is slow', old, side(200, 0, 50), 'worse'],
    ['all are slow, as with the others', side(1000, 0, 500), side(200, 0, 100), undefined],
    ['two of a hundred are slow', old, side(200, 0, 4), undefined],
    ['servers fail, clients do not notice', old, { ...side(200), failedTries: 100, tries: 300 }, 'worse'],
    ['nothing to compare with, and it fails', side(0), side(200, 100), 'worse'],
    ['nothing to compare with', side(0), side(200), undefined],
  ];
  for (const [name, others, fresh, told] of cases) assert.equal(kind(others, fresh), told, name);
});

test('judge: too few requests are not judged before the end; then worse is worse, and else they are few', () => {
  assert.equal(kind(side(1000), side(50, 50)), undefined);
  assert.equal(kind(side(1000), side(50, 50), true), 'worse');
  assert.equal(kind(side(1000), side(50), true), 'few');
  assert.equal(kind(side(1000), side(0), true), 'few');
  assert.equal(kind(side(1000), side(100), true), 'fine');
  assert.equal(kind(side(1000), side(5), true, { ...plan, leastRequests: 5 }), 'fine');
});

test('judge: bounds are the operator’s', () => {
  const strict = planOf({ lengthMs: 1000, errorsPercent: 0, factor: 1, latencyMs: 0 });
  assert.equal(kind(side(10_000), side(10_000, 20)), undefined);
  assert.equal(kind(side(10_000), side(10_000, 20), false, strict), 'worse');
  const lenient = planOf({ lengthMs: 1000, errorsPercent: 60, latencyMs: 900 });
  assert.equal(kind(side(1000), side(200, 100), false, lenient), undefined);
  assert.equal(kind(side(1000), side(200, 0, 200), false, lenient), undefined);
});

test('judge: the words have the figures of both', () => {
  const told = judge(side(1000, 1), side(200, 100, 100), plan, false);
  assert.match(
    told?.figures ?? '',
    /^100 of 200 \(50 %\) answered with 5xx, of the others 1 of 1000 \(0\.1 %\); 100 of 200 \(50 %\) took longer than 100 ms/,
  );
  assert.match(
    judge(side(1000), side(200), plan, true)?.figures ?? '',
    /^canary 200 requests, 0 with 5xx, 95 of 100 within 4\.8 ms; the others 1000 /,
  );
});

test('lowestShare: lies below the share, nears it with more requests, and is 0 for none', () => {
  const series = [10, 100, 1000, 100_000].map(all => lowestShare(all / 10, all));
  assert.deepEqual(
    series,
    series.toSorted((a, b) => a - b),
  );
  assert.ok(series.every(low => low > 0 && low < 0.1) && series.at(-1)! > 0.097);
  assert.deepEqual([lowestShare(0, 100), lowestShare(0, 0)], [0, 0]);
});

test('Tally: counts from the first look on, over the death of a process and the going of members', () => {
  const status = (pid: number, requests: number, tries: number) => ({
    pid,
    traffic: {
      durations: { buckets: [requests, 0], count: requests, sum: requests },
      durationBounds: [1],
      answers: [0, 0, 0, 0, 0, requests / 10],
    },
    pools: [{ members: [{ counts: { requests: tries, fails: 0 } }] }],
  });
  const tally = new Tally();
  const look = (...said: Parameters<typeof status>) => tally.look(status(...said) as never);
  assert.equal(slowestS(tally.counts), undefined);
  look(1, 1000, 1000);
  assert.deepEqual([tally.counts.requests, tally.counts.failed], [0, 0]);
  look(1, 1100, 20);
  assert.deepEqual([tally.counts.requests, tally.counts.failed, tally.counts.tries], [100, 10, 0]);
  look(2, 30, 30);
  look(2, 50, 50);
  assert.deepEqual([tally.counts.requests, tally.counts.tries, slowestS(tally.counts)], [150, 50, 0.95]);
});
