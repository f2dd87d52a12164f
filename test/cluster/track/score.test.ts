/** What trackers have found, as a priority and faults, with the meanings of keepalived. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { l4Status } from '../../../cluster/track/health.ts';
import { scoreOf } from '../../../cluster/track/score.ts';
import type { TrackStatus } from '../../../cluster/track/tracker.ts';
import type { TrackModel } from '../../../model/cluster/track.ts';

const track = (weight?: number): TrackModel => ({ name: 'l7', question: { type: 'l7' }, weight });
const score = (base: number, status: TrackStatus | undefined, ...weights: (number | undefined)[]) => {
  const { priority, faults } = scoreOf(base, weights.map(track), () => status);
  return { priority, faults: faults.length };
};
const WELL: TrackStatus = { ok: true, says: '' };
const ILL: TrackStatus = { ok: false, says: '' };

test('scoreOf: a positive weight is added while all is well, a negative one while it is not', () => {
  assert.deepEqual(score(100, WELL, 20), { priority: 120, faults: 0 });
  assert.deepEqual(score(100, ILL, 20), { priority: 100, faults: 0 });
  assert.deepEqual(score(100, WELL, -20), { priority: 100, faults: 0 });
  assert.deepEqual(score(100, ILL, -20), { priority: 80, faults: 0 });
});

test('scoreOf: it stays within 1 to 254', () => {
  assert.equal(score(200, WELL, 100, 50).priority, 254);
  assert.equal(score(10, ILL, -100).priority, 1);
});

test('scoreOf: without a weight it is a fault, also as long as nothing is known', () => {
  assert.deepEqual(score(100, ILL, undefined), { priority: 100, faults: 1 });
  assert.deepEqual(score(100, WELL, undefined), { priority: 100, faults: 0 });
  assert.deepEqual(score(100, undefined, undefined), { priority: 100, faults: 1 });
  assert.deepEqual(score(100, undefined, -50), { priority: 100, faults: 0 });
});

test('scoreOf: a number times the weight is added; -254 takes it out', () => {
  const number = (value: number): TrackStatus => ({ ok: value >= 0, says: '', value });
  assert.equal(score(100, number(7), 2).priority, 114);
  assert.equal(score(100, number(-7), 2).priority, 86);
  assert.deepEqual(score(100, number(-127), 2), { priority: 100, faults: 1 });
  assert.equal(score(100, number(-1), undefined).faults, 1);
  assert.equal(score(100, number(0), undefined).faults, 0);
});

test('l4Status: each virtual server, or one, must have a real server that is up', () => {
  const l4 = [
    { name: 'a', up: 2, quorum: false },
    { name: 'b', up: 0, quorum: false },
  ];
  const of = (service?: string) => l4Status({ l4 }, { service, quorum: false });
  assert.deepEqual(of(), { ok: false, says: 'no real server of b is up' });
  assert.ok(of('a').ok);
  assert.ok(!of('b').ok);
  assert.ok(!of('c').ok);
  assert.ok(!l4Status({ l4: undefined }, { service: undefined, quorum: false }).ok);
});

test('l4Status: with quorum, each virtual server, or one, must have its quorum', () => {
  const l4 = [
    { name: 'a', up: 2, quorum: false },
    { name: 'b', up: 2, quorum: true },
  ];
  const of = (service?: string) => l4Status({ l4 }, { service, quorum: true });
  assert.deepEqual(of(), { ok: false, says: 'a has no quorum: 2 real servers are up' });
  assert.ok(!of('a').ok);
  assert.ok(of('b').ok);
});

test('scoreOf: an illness takes its share of the weight, and all of it is a fault without one', () => {
  const illness = (share: number): TrackStatus => ({ ok: share < 1, says: '', illness: share });
  assert.equal(score(100, illness(0), -60).priority, 100);
  assert.equal(score(100, illness(0.25), -60).priority, 85);
  assert.equal(score(100, illness(1), -60).priority, 40);
  assert.equal(score(100, illness(0.5), 60).priority, 130);
  assert.deepEqual(score(100, illness(0.75), undefined), { priority: 100, faults: 0 });
  assert.deepEqual(score(100, illness(1), undefined), { priority: 100, faults: 1 });
});
