/** Counters: exact sums over threads, over reloads, and over deaths. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, type MetricSpec } from '../../../l7/zone/counters.ts';
import { runCrew } from './crew.ts';

const TASKS = import.meta.resolve('./counters.tasks.ts');
const HITS: MetricSpec = { name: 'hits', kind: 'counter' };
const OPEN: MetricSpec = { name: 'open', kind: 'gauge' };
const MS: MetricSpec = { name: 'ms', kind: 'histogram', bounds: [1, 5, 10] };

test('counters: the rows of all threads add up', () => {
  const shared = Counters.define(['requests', 'bytes', OPEN], 3);
  const rows = [0, 1, 2].map(slot => new Counters(shared, slot));
  rows.forEach((row, slot) => {
    row.add(row.index('requests'), slot + 1);
    row.add(row.index('bytes'), 2 ** 40);
    row.add(row.index('open'), slot === 2 ? -1 : 1);
  });
  const reader = rows[1]!;
  assert.deepEqual(
    reader.specs.map((_, index) => reader.sum(index)),
    [6, 3 * 2 ** 40, 1],
  );
});

test('counters: a histogram counts a value in the first bucket that holds it', () => {
  const counters = new Counters(Counters.define([HITS, MS], 2), 1);
  const ms = counters.index('ms');
  for (const value of [0, 1, 1.5, 5, 10, 10.5, 1000]) counters.observe(ms, value);
  assert.deepEqual(counters.histogram(ms), { buckets: [2, 2, 1, 2], count: 7, sum: 1028 });
  assert.equal(counters.sum(counters.index('hits')), 0);
});

test('counters: rows of two threads share no cache line', () => {
  const { sab } = Counters.define(['one'], 4);
  assert.equal(sab.byteLength, 4 * 128);
});

test('counters: a reload keeps the values of the metrics that stay, and only theirs', () => {
  const old = new Counters(Counters.define([HITS, 'gone', OPEN, MS], 1), 0);
  old.add(old.index('hits'), 5);
  old.add(old.index('open'), 2);
  old.observe(old.index('ms'), 7);
  const coarse: MetricSpec = { name: 'ms', kind: 'histogram', bounds: [100] };
  const counters = new Counters(Counters.define(['new', coarse, OPEN, HITS], 1), 0);
  counters.inherit(old);
  old.add(old.index('open'), -1); // a request that began before the reload
  old.add(old.index('gone'), 1);
  old.observe(old.index('ms'), 8);
  assert.equal(counters.sum(counters.index('hits')), 5);
  assert.equal(counters.sum(counters.index('open')), 1);
  assert.equal(counters.sum(counters.index('new')), 0);
  assert.deepEqual(counters.histogram(counters.index('ms')).count, 0, 'other bounds: another metric');
});

test('counters: a sum never misses what another thread has not moved yet', () => {
  const [before, after] = [Counters.define([HITS], 2), Counters.define([HITS], 2)];
  const [old0, old1] = [new Counters(before, 0), new Counters(before, 1)];
  old0.add(0, 3);
  old1.add(0, 4);
  const reader = new Counters(after, 0);
  reader.inherit(old0);
  assert.equal(reader.sum(0), 7);
  new Counters(after, 1).inherit(old1);
  assert.equal(reader.sum(0), 7);
  reader.settle();
  assert.equal(reader.sum(0), 7);
});

test('counters: a dead thread leaves its counts and takes its gauges with it', () => {
  const [before, after] = [Counters.define([HITS, OPEN], 2), Counters.define([OPEN, HITS], 2)];
  const dead = new Counters(before, 1); // it never got to inherit
  dead.add(0, 4);
  dead.add(1, 9);
  const reader = new Counters(after, 0);
  reader.inherit(new Counters(before, 0));
  reader.giveBack(1);
  reader.settle();
  assert.deepEqual([reader.sum(reader.index('hits')), reader.sum(reader.index('open'))], [4, 0]);
});

test('counters: threads that count through a reload lose nothing', async () => {
  const [old, shared] = [Counters.define([HITS, MS], 4), Counters.define([MS, 'new', HITS], 4)];
  const turns = 50_000;
  const reader = new Counters(shared, 3);
  reader.inherit(new Counters(old, 3));
  await runCrew(TASKS, 'countOn', 3, { old, shared, turns });
  reader.settle();
  assert.equal(reader.sum(reader.index('hits')), 4.5 * turns);
  const { buckets, count, sum } = reader.histogram(reader.index('ms'));
  assert.deepEqual([count, sum], [3 * turns, 3 * turns * 9.5]);
  assert.deepEqual(
    buckets,
    [0.1, 0.2, 0.25, 0.45].map(share => 3 * turns * share),
  );
});

test('counters: wrong definitions and names are refused', () => {
  assert.throws(() => Counters.define(['a', 'a'], 1), /Two metrics/);
  assert.throws(() => Counters.define([{ ...MS, bounds: [1, 1] } as MetricSpec], 1), /do not rise/);
  const counters = new Counters(Counters.define(['a'], 1), 0);
  assert.throws(() => counters.index('b'), RangeError);
  assert.throws(() => new Counters(Counters.define(['a'], 1), 1), RangeError);
});
