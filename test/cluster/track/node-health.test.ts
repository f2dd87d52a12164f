/** How samples of a node become steps down: quickly for the worse, slowly for the better. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeSample } from '../../../cluster/track/health.ts';
import { NodeHealth } from '../../../cluster/track/node-health.ts';
import type { HealthLimits } from '../../../model/cluster/track.ts';

const LIMITS: HealthLimits = {
  cpu: { from: 0.8, to: 1 },
  memory: { from: 0.9, to: 1 },
  lag: { from: 100, to: 1000 },
  errors: { from: 0.1, to: 0.5 },
};
const WELL: NodeSample = { cpu: 0.3, memory: 0.4, lagMs: 2, answers: 100, errors: 0 };

/** A sample a second. */
class Watch {
  readonly #health: NodeHealth;
  #nowMs = 1000;

  constructor(limits = LIMITS) {
    this.#health = new NodeHealth(limits);
  }

  /** @returns the illness after so many seconds of such samples */
  after(seconds: number, sample: Partial<NodeSample>): number {
    let illness = -1;
    for (let n = 0; n < seconds; n++) illness = this.next(sample).illness!;
    return illness;
  }

  next(sample: Partial<NodeSample>) {
    this.#nowMs += 1000;
    return this.#health.next({ ...WELL, ...sample }, this.#nowMs);
  }
}

test('NodeHealth: a node that is well, and one moment of a full CPU', () => {
  const watch = new Watch();
  assert.equal(watch.after(20, {}), 0);
  assert.equal(watch.next({ cpu: 1 }).illness, 0);
  assert.equal(watch.after(5, {}), 0);
});

test('NodeHealth: what gets worse goes down by steps, each measure by itself', () => {
  for (const bad of [
    { cpu: 1 },
    { memory: 1 },
    { lagMs: 2000 },
    { errors: 90 },
  ] satisfies Partial<NodeSample>[]) {
    const watch = new Watch();
    const seen = new Set<number>();
    for (let n = 0; n < 120; n++) seen.add(watch.next(bad).illness!);
    const steps = [...seen];
    assert.deepEqual(steps, steps.toSorted(), 'only downwards');
    assert.ok(steps.length >= 2 && steps.at(-1)! >= 0.75, `${Object.keys(bad)}: ${steps}`);
  }
});

test('NodeHealth: as bad as it gets is all four steps, and not well any more', () => {
  const watch = new Watch();
  watch.after(60, { lagMs: 5000 });
  const status = watch.next({ lagMs: 5000 });
  assert.deepEqual([status.ok, status.illness], [false, 1]);
  assert.equal(status.says, 'CPU 30 %, memory 40 %, lag 5000 ms, errors 0 %: 4 of 4 steps down');
});

test('NodeHealth: better is believed after 30 s, a step at a time, and begins anew with each relapse', () => {
  const watch = new Watch();
  watch.after(60, { lagMs: 5000 });
  assert.equal(watch.after(30, {}), 1, 'the average comes down, and then it waits');
  assert.equal(watch.after(20, {}), 0.75);
  assert.equal(watch.after(29, {}), 0.5);
  watch.after(30, { lagMs: 5000 });
  assert.equal(watch.after(30, {}), 1);
  assert.equal(watch.after(200, {}), 0);
});

test('NodeHealth: what is off does not count, nor errors of few answers, nor a CPU that is not known', () => {
  const { lag } = LIMITS;
  const watch = new Watch({ cpu: undefined, memory: undefined, lag, errors: undefined });
  assert.equal(watch.after(60, { cpu: 1, memory: 1, errors: 100 }), 0);
  assert.equal(watch.next({}).says, 'lag 2 ms: 0 of 4 steps down');
  assert.equal(new Watch().after(60, { answers: 0.5, errors: 0.5 }), 0);
  assert.equal(new Watch().after(60, { cpu: undefined }), 0);
});
