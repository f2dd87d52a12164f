/** What charts show is made of two pictures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patched } from '../../admin-ui/src/api.ts';
import { pointOf, quantileMs } from '../../admin-ui/src/history.ts';
import type { Live, LiveReal, LiveService } from '../../admin-ui/src/shapes.ts';
import { patched as clientPatched } from '../../control/api/client/pictures.ts';

test('console history: quantiles lie within their bucket, by a straight line', () => {
  assert.equal(Math.round(quantileMs([0, 10, 0], [0.1, 0.2], 0.5)!), 150);
  assert.equal(quantileMs([5, 5, 0], [0.1, 0.2], 0.5), 100);
  assert.equal(quantileMs([0, 0, 4], [0.1, 0.2], 0.99), 200, 'the last bucket has no end');
  assert.equal(quantileMs([0, 0, 0], [0.1, 0.2], 0.5), undefined);
});

test('console history: rates are of what has grown; a count that begins anew is not negative', () => {
  const live = (requests: number) => ({
    revision: 1,
    l7: { workers: 1, requests, active: 3, answers: [0, 0, requests, 0, 0, 2], pools: {} },
  });
  assert.equal(pointOf(live(30), live(10), 0, 2000).perSecond, 10);
  assert.equal(pointOf(live(3), live(10), 0, 1000).perSecond, 0);
  assert.equal(pointOf(live(3), undefined, 0, 1000).perSecond, 0);
});

test('console history: connections of the L4 tier are those of all real servers together', () => {
  const real = (active: number, connections: number) => ({ active, connections }) as LiveReal;
  const live = (connections: number): Live => ({
    revision: 1,
    l4: {
      entries: 9,
      services: { a: { reals: { x: real(1, connections), y: real(2, 5) } } as unknown as LiveService },
    },
  });
  const { flows, flowsPerSecond } = pointOf(live(45), live(25), 0, 2000);
  assert.deepEqual([flows, flowsPerSecond], [3, 10]);
  assert.equal(pointOf(live(45), undefined, 0, 2000).flowsPerSecond, 0);
});

test('console feed: patches are put on as the client of the API does it', () => {
  const before = { a: { b: 1, c: 2 }, d: [1] };
  const patch = { a: { b: null, e: 3 }, d: [2] };
  assert.deepEqual(patched(before, patch), { a: { c: 2, e: 3 }, d: [2] });
  assert.deepEqual(patched(before, patch), clientPatched(before, patch));
});
