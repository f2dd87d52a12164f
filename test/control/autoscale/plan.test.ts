/** How many members there should be: more at once, fewer slowly, never out of bounds, nothing when nothing is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AutoscaleModel } from '#model/autoscale.ts';
import { BEGIN, decide, type ScaleOrder } from '../../../control/autoscale/plan.ts';
import { MODEL } from './days.ts';

/** A pool whose members are there as soon as they are ordered, unless it is told otherwise. */
class Stage {
  readonly model: AutoscaleModel;
  members: number;
  obeys = true;
  readonly orders: (ScaleOrder & { readonly atS: number })[] = [];
  #state = BEGIN;
  #nowS = 0;

  constructor(members: number, also: Partial<AutoscaleModel> = {}) {
    this.model = { ...MODEL, ...also };
    this.members = members;
  }

  /** Looks once a second for so long. */
  run(seconds: number, load: number | undefined, ahead?: number): this {
    for (let second = 0; second < seconds; second++) {
      const look = { nowMs: this.#nowS * 1000, load, members: this.members, ahead };
      const { state, order } = decide(this.model, this.#state, look);
      this.#state = state;
      if (order) this.orders.push({ ...order, atS: this.#nowS });
      if (order && this.obeys) this.members = order.to;
      this.#nowS++;
    }
    return this;
  }

  /** @param seconds below 0: the clock is put back */
  skip(seconds: number): this {
    this.#nowS += seconds;
    return this;
  }
}

test('decide: as many more as it takes, at once, and again not before the cooldown', () => {
  const stage = new Stage(2).run(1, 950);
  assert.deepEqual(stage.orders, [{ from: 2, to: 10, reason: 'load', atS: 0 }]);
  stage.run(29, 1500);
  assert.equal(stage.orders.length, 1);
  stage.run(1, 1500);
  assert.deepEqual(stage.orders.at(-1), { from: 10, to: 15, reason: 'load', atS: 30 });
  assert.deepEqual(new Stage(2).run(1, 99_999).orders[0]?.to, 20, 'never above max');
  assert.equal(new Stage(4).run(10, 439).orders.length, 0, 'a tenth above the target is borne');
});

test('decide: who was ordered and does not come is ordered again after the cooldown', () => {
  const stage = new Stage(2);
  stage.obeys = false;
  stage.run(61, 500);
  assert.deepEqual(
    stage.orders.map(({ from, to, atS }) => [from, to, atS]),
    [
      [2, 5, 0],
      [2, 5, 30],
      [2, 5, 60],
    ],
  );
});

test('decide: fewer after the whole time was quiet, a tenth at a time, never below what any of it needed', () => {
  const stage = new Stage(20).run(299, 100);
  assert.equal(stage.orders.length, 0);
  stage.run(2, 100);
  assert.deepEqual(stage.orders, [{ from: 20, to: 18, reason: 'idle', atS: 300 }]);
  stage.run(299, 100);
  assert.equal(stage.orders.length, 1);
  stage.run(60 * 60, 100);
  assert.equal(stage.members, 6, 'an hour and twelve orders later');
  stage.run(3 * 60 * 60, 100);
  assert.equal(stage.members, 2);
  const peaks = new Stage(10);
  for (let round = 0; round < 10; round++) peaks.run(1, 950).run(200, 100);
  assert.equal(peaks.orders.length, 0, 'peaks that come again keep them');
});

test('decide: what is expected counts as if it were there, and keeps those that are there', () => {
  const stage = new Stage(3).run(1, 100, 900);
  assert.deepEqual(stage.orders, [{ from: 3, to: 9, reason: 'forecast', atS: 0 }]);
  stage.run(1200, 100, 900);
  assert.equal(stage.members, 9);
});

test('decide: a load that is not known orders nothing, and a gap begins the quiet time anew', () => {
  const stage = new Stage(10).run(290, 100).run(60, undefined).skip(600).run(290, 100);
  assert.equal(stage.orders.length, 0);
  assert.equal(stage.run(20, 100).orders.length, 1);
  assert.deepEqual(new Stage(1).run(1, 0).orders, [{ from: 1, to: 2, reason: 'least', atS: 0 }]);
  const back = new Stage(2).run(1, 950).skip(-7200).run(1, 1500);
  assert.deepEqual(back.orders.at(-1)?.to, 15, 'an order of a time to come bars nothing');
  assert.deepEqual(new Stage(0, { min: 0 }).run(1, 10).orders[0]?.to, 1);
});
