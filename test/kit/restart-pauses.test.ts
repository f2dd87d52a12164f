/** Pauses before a process is started anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartPauses } from '#kit/restart-pauses.ts';

test('the first start is at once, and each later one waits twice as long, up to a bound', () => {
  const pauses = new RestartPauses({ first: 100, most: 500 });
  const waited = Array.from({ length: 6 }, () => {
    pauses.died(10);
    return pauses.next();
  });
  assert.deepEqual(waited, [0, 100, 200, 400, 500, 500]);
});

test('a process that lived for long is started anew at once', () => {
  const pauses = new RestartPauses({ first: 100, most: 500 });
  for (let count = 0; count < 3; count++) pauses.next();
  pauses.died(9999);
  assert.equal(pauses.next(), 400);
  pauses.died(10_000);
  assert.deepEqual([pauses.next(), pauses.next()], [0, 100]);
});
