/** proxy_limit_rate: what is given on, and when. */
import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import type { Clock } from '../../../l7/clock.ts';
import { Throttle } from '../../../l7/upstream/throttle.ts';

let nowMs = 0;
let given = '';
let events: string[] = [];
let throttle: Throttle;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  nowMs = 5000;
  given = '';
  events = [];
  const clock = { nowMs: () => nowMs } as Clock;
  throttle = new Throttle(100, clock, {
    throttleOut: data => (given += data.toString('latin1')),
    throttleHold: held => events.push(held ? 'hold' : 'go on'),
    throttleDone: () => events.push('done'),
  });
});

function pass(ms: number): void {
  for (let step = 0; step < ms; step += 10) {
    nowMs += 10;
    mock.timers.tick(10);
  }
}

const bytes = (count: number) => Buffer.alloc(count, 'x');

test('throttle: the first second is given in advance, then the rate holds, however large the pieces are', () => {
  throttle.take(bytes(250));
  assert.deepEqual([given.length, events], [100, ['hold']]);
  pass(500);
  assert.ok(given.length >= 130 && given.length <= 150, `${given.length} after half a second`);
  pass(1100);
  assert.deepEqual([given.length, events], [250, ['hold', 'go on']]);
});

test('throttle: what came while the server was to wait keeps its order, and the end waits for it', () => {
  throttle.take(Buffer.from(`${'a'.repeat(100)}b`));
  throttle.take(Buffer.from('cd'));
  throttle.finish();
  assert.deepEqual([given.slice(100), events], ['', ['hold']]);
  pass(200);
  assert.deepEqual([given.slice(100), events], ['bcd', ['hold', 'done']]);
});

test('throttle: below the rate nothing waits', () => {
  throttle.take(bytes(40));
  throttle.take(bytes(60));
  throttle.finish();
  assert.deepEqual([given.length, events], [100, ['done']]);
});

test('throttle: after close() nothing is given any more', () => {
  throttle.take(bytes(150));
  throttle.close();
  pass(1000);
  assert.equal(given.length, 100);
});
