/** Turns: order, how many at a time, and faults that harm nobody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../kit/turns.ts';

/** Runs five pieces that end when they are told to; says which have begun, in order. */
function five(turns: Turns) {
  const begun: number[] = [];
  const ends: ((fault?: Error) => void)[] = [];
  const done = Array.from({ length: 5 }, (_, at) =>
    turns.take(() => {
      begun.push(at);
      return new Promise<number>((good, bad) => {
        ends[at] = fault => (fault ? bad(fault) : good(at));
      });
    }),
  );
  return { begun, done, end: (at: number, fault?: Error) => ends[at]!(fault) };
}

const soon = () => new Promise(resolve => setImmediate(resolve));

for (const most of [1, 2])
  test(`Turns: ${most} at a time, the rest in order`, async () => {
    const { begun, done, end } = five(new Turns(most));
    assert.deepEqual(begun, [], 'nothing begins within the call');
    for (let at = 0; at < 5; at++) {
      await soon();
      assert.deepEqual(begun, [0, 1, 2, 3, 4].slice(0, Math.min(5, at + most)));
      end(at);
    }
    assert.deepEqual(await Promise.all(done), [0, 1, 2, 3, 4]);
  });

test('Turns: a fault is for who asked, and the next one begins all the same', async () => {
  const turns = new Turns();
  const { begun, done, end } = five(turns);
  await soon();
  end(0, new Error('bad'));
  await assert.rejects(done[0]!, /bad/);
  await soon();
  assert.deepEqual(begun, [0, 1]);
  await assert.rejects(
    new Turns().take(() => {
      throw new Error('at once');
    }),
    /at once/,
  );
});
