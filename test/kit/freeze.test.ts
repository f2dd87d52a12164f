/** Freezing plain data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deepFreeze } from '#kit/freeze.ts';

test('deepFreeze: nothing in it can be changed any more, shared parts and cycles included', () => {
  const shared = { list: [1, { deep: 'x' }] };
  const whole: Record<string, unknown> = { a: shared, b: { shared }, none: null, nothing: undefined, n: 1 };
  whole.self = whole;
  assert.equal(deepFreeze(whole), whole);
  assert.throws(() => (whole.n = 2), TypeError);
  assert.throws(() => shared.list.push(2), TypeError);
  assert.throws(() => Object.assign(shared.list[1]!, { deep: 'y' }), TypeError);
  assert.ok(Object.isFrozen(whole.b));
});

test('deepFreeze: what is no object, and bytes, stay as they are', () => {
  const bytes = new Uint8Array(2);
  assert.equal(deepFreeze({ bytes }).bytes, bytes);
  bytes[0] = 1;
  assert.equal(deepFreeze('text'), 'text');
  assert.equal(deepFreeze(undefined), undefined);
});
