/** What every scheduler owes its virtual server, asked of each one in the table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCHEDULERS, type SchedulerName } from '#model/l4/scheduler.ts';
import { selectionOf } from '../../../l4/schedulers/table.ts';
import { Chooser, type Load, lots } from './chooser.ts';

const SECRET = Buffer.alloc(16, 3);

/** Of those that heed no weights every one that has any gets the same. */
const UNWEIGHTED: ReadonlySet<SchedulerName> = new Set(['rr', 'lc', 'dh']);
/** A part of the mean by which shares may be off: drawn lots and hashed keys come close, turns and scores are exact. */
const SLACK: Partial<Record<SchedulerName, number>> = { sh: 0.1, dh: 0.1, mh: 0.1, twos: 0.05 };
const FLOWS = 6000;

function setUp(name: SchedulerName, weights: readonly number[]) {
  const loads: Load[] = weights.map((weight, at) => ({
    id: at + 1,
    weight,
    active: 0,
    inactive: 0,
    full: false,
  }));
  const candidates = loads
    .filter(({ weight }) => weight > 0)
    .map(({ id, weight }) => ({ id, weight, key: `10.0.0.${id} 80` }));
  const draw = lots(7);
  const selection = selectionOf(candidates, { name, port: false }, SECRET);
  return { loads, selection, chooser: new Chooser(selection, loads, draw), draw };
}

/** Gives so many flows of as many clients, all of which stay. @returns how many each got, by id */
function spread({ loads, chooser, draw }: ReturnType<typeof setUp>, flows = FLOWS): number[] {
  const got = loads.map(() => 0);
  for (let flow = 0; flow < flows; flow++) {
    const id = chooser.choose(Math.floor(draw() * 2 ** 31));
    if (id === 0) continue;
    got[id - 1]!++;
    loads[id - 1]!.active++;
  }
  return got;
}

function assertShares(name: SchedulerName, got: readonly number[], wanted: readonly number[]): void {
  const whole = wanted.reduce((sum, share) => sum + share, 0);
  wanted.forEach((share, at) => {
    const mean = (FLOWS * share) / whole;
    const slack = mean * (SLACK[name] ?? 0) + 1;
    assert.ok(Math.abs(got[at]! - mean) <= slack, `server ${at + 1} got ${got[at]}, its share is ${mean}`);
  });
}

for (const name of SCHEDULERS) {
  test(`${name}: equal servers get equal shares`, () => {
    assertShares(name, spread(setUp(name, [1, 1, 1, 1])), [1, 1, 1, 1]);
  });

  test(`${name}: shares follow the weights${UNWEIGHTED.has(name) ? ' no further than above 0' : ''}`, () => {
    const weights = [1, 2, 3];
    assertShares(name, spread(setUp(name, weights)), UNWEIGHTED.has(name) ? [1, 1, 1] : weights);
  });

  test(`${name}: weight 0 gets nothing`, () => {
    const got = spread(setUp(name, [1, 0, 1]));
    assert.equal(got[1], 0);
    assert.equal(got[0]! + got[2]!, FLOWS);
  });

  test(`${name}: a full server is passed over, and taken again when it is not`, () => {
    const set = setUp(name, [1, 1]);
    set.loads[0]!.full = true;
    assert.deepEqual(spread(set, 100), [0, 100]);
    set.loads[0]!.full = false;
    set.loads[1]!.full = true;
    assert.deepEqual(spread(set, 100), [100, 0]);
  });

  test(`${name}: nobody is taken when all are full, or none is there`, () => {
    const set = setUp(name, [1, 1]);
    for (const load of set.loads) load.full = true;
    assert.equal(set.chooser.choose(9), 0);
    assert.equal(setUp(name, []).chooser.choose(9), 0);
    assert.equal(setUp(name, [0]).chooser.choose(9), 0);
  });

  test(`${name}: equal servers make equal selections`, () => {
    assert.deepEqual(setUp(name, [3, 1, 2]).selection, setUp(name, [3, 1, 2]).selection);
  });
}
