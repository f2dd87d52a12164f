/** What tells LVS's schedulers apart, case by case. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weightedBuckets } from '../../../l4/schedulers/buckets.ts';
import { LOCALITIES, NO_MEMORY, SHRINK_MS } from '../../../l4/schedulers/locality.ts';
import { SCORERS } from '../../../l4/schedulers/score.ts';
import { weightedTurns } from '../../../l4/schedulers/turns.ts';
import type { ScoreRule } from '../../../l4/tables.ts';

type Row = readonly [weight: number, active: number, inactive: number];

const loaded = (rows: readonly Row[]) =>
  rows.map(([weight, active, inactive], at) => ({ id: at + 1, weight, active, inactive }));
const never = () => assert.fail('no lot is drawn');

const SCORES: readonly (readonly [what: string, rule: ScoreRule, rows: Row[], picked: number])[] = [
  [
    'lc: the fewest connections, whatever the weight',
    'lc',
    [
      [9, 2, 0],
      [1, 1, 0],
    ],
    2,
  ],
  [
    'lc: an idle connection weighs a 256th of one in use',
    'lc',
    [
      [1, 1, 0],
      [1, 0, 255],
    ],
    2,
  ],
  [
    'lc: 257 idle ones weigh more than one in use',
    'lc',
    [
      [1, 1, 0],
      [1, 0, 257],
    ],
    1,
  ],
  [
    'wlc: for the weight',
    'wlc',
    [
      [9, 2, 0],
      [1, 1, 0],
    ],
    1,
  ],
  [
    'wlc: of equal ones the first',
    'wlc',
    [
      [2, 2, 0],
      [1, 1, 0],
    ],
    1,
  ],
  [
    'wlc: idle connections count',
    'wlc',
    [
      [1, 0, 1],
      [1, 0, 0],
    ],
    2,
  ],
  [
    'wlc: weights and counts beyond 32 bits of product',
    'wlc',
    [
      [65_535, 1_000_001, 0],
      [65_535, 1_000_000, 0],
    ],
    2,
  ],
  [
    'sed: the next connection counts as if it were there',
    'sed',
    [
      [1, 0, 0],
      [3, 1, 0],
    ],
    2,
  ],
  [
    'sed: idle connections do not count',
    'sed',
    [
      [1, 0, 900],
      [1, 1, 0],
    ],
    1,
  ],
  [
    'nq: an idle server before a faster one',
    'nq',
    [
      [9, 1, 0],
      [1, 0, 0],
    ],
    2,
  ],
  [
    'nq: sed when none is idle',
    'nq',
    [
      [9, 1, 0],
      [1, 1, 0],
    ],
    1,
  ],
];

for (const [what, rule, rows, picked] of SCORES)
  test(what, () => assert.equal(SCORERS[rule](loaded(rows), never)?.id, picked));

test('twos: the better of two that are drawn by weight, never the same twice', () => {
  const draws = [0.99, 0]; // the last one, then the first of those that are left
  const draw = () => draws.shift() ?? assert.fail('two lots are enough');
  const servers = loaded([
    [1, 9, 0],
    [1, 0, 0],
    [1, 3, 0],
  ]);
  assert.equal(SCORERS.twos(servers, draw)?.id, 3);
});

const turnsOf = (...weights: number[]) =>
  [...weightedTurns(weights.map((weight, at) => ({ id: at + 1, weight, key: '' })))].join('');

test('wrr: the circle of LVS, heavier ones first', () => {
  assert.equal(turnsOf(4, 3, 2), '112123123');
  assert.equal(turnsOf(400, 300, 200), '112123123');
  assert.equal(turnsOf(1, 1), '12');
  assert.equal(turnsOf(), '');
});

test('wrr: a circle that would be too long is scaled down, and nobody is lost', () => {
  const turns = weightedTurns([65_535, 65_534, 1].map((weight, at) => ({ id: at + 1, weight, key: '' })));
  assert.ok(turns.length <= 65_540, `${turns.length} turns`);
  assert.ok(turns.includes(3));
});

test('sh: runs of buckets by weight, and whole rounds only', () => {
  const buckets = weightedBuckets([100, 100].map((weight, at) => ({ id: at + 1, weight, key: '' })));
  assert.equal(buckets.length, 256);
  assert.deepEqual([...buckets.subarray(0, 4)], [1, 2, 1, 2]);
  const thirds = weightedBuckets([2, 1].map((weight, at) => ({ id: at + 1, weight, key: '' })));
  assert.equal(thirds.length, 258);
  assert.deepEqual([...thirds.subarray(0, 6)], [1, 1, 2, 1, 1, 2]);
});

test('lblc: a destination stays until its server is overloaded and another has little to do', () => {
  const [first, memory] = LOCALITIES.lblc(
    loaded([
      [2, 0, 0],
      [2, 0, 0],
    ]),
    NO_MEMORY,
    5,
  );
  assert.equal(first?.id, 1);
  assert.deepEqual(memory, { ids: [1], changedMs: 5 });
  const busy = (other: number) =>
    LOCALITIES.lblc(
      loaded([
        [2, 3, 0],
        [2, other, 0],
      ]),
      memory,
      9,
    );
  assert.equal(busy(1)[0]?.id, 1); // 1 * 2 is not below 2
  assert.equal(busy(0)[0]?.id, 2);
  assert.deepEqual(busy(0)[1], { ids: [2], changedMs: 9 });
});

test('lblc: a server that is gone is replaced', () => {
  const [picked] = LOCALITIES.lblc(loaded([[1, 7, 0]]), { ids: [4], changedMs: 0 }, 1);
  assert.equal(picked?.id, 1);
});

test('lblcr: an overloaded set grows, and the set shares the destination', () => {
  const memory = { ids: [1], changedMs: 0 };
  const [picked, grown] = LOCALITIES.lblcr(
    loaded([
      [2, 3, 0],
      [2, 0, 0],
    ]),
    memory,
    7,
  );
  assert.equal(picked?.id, 2);
  assert.deepEqual(grown, { ids: [1, 2], changedMs: 7 });
  assert.equal(
    LOCALITIES.lblcr(
      loaded([
        [2, 1, 0],
        [2, 2, 0],
      ]),
      grown,
      8,
    )[0]?.id,
    1,
  );
});

test('lblcr: a set that stays as it is for long loses its most loaded member', () => {
  const memory = { ids: [1, 2], changedMs: 0 };
  const servers = loaded([
    [2, 1, 0],
    [2, 2, 0],
  ]);
  assert.equal(LOCALITIES.lblcr(servers, memory, SHRINK_MS)[1], memory);
  const [picked, shrunk] = LOCALITIES.lblcr(servers, memory, SHRINK_MS + 1);
  assert.equal(picked?.id, 1);
  assert.deepEqual(shrunk, { ids: [1], changedMs: SHRINK_MS + 1 });
});
