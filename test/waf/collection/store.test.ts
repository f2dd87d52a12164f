/** Records that outlive a transaction: bounded, expiring, one for each key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStore } from '#waf';

test('MemoryStore: a record is found again by its key, until it has not been written for its time', () => {
  let now = 0;
  const store = new MemoryStore(() => now);
  store.open('IP', 'a', 10).set('N', 'n', '1');
  store.open('IP', 'a', 10).add('N', 'n', 2);
  assert.equal(store.open('IP', 'a', 10).get('n'), '3');
  assert.equal(store.open('SESSION', 'a', 10).get('n'), undefined);
  now = 9_999;
  store.open('IP', 'a', 10).set('m', 'm', '1');
  now = 15_000;
  assert.equal(store.open('IP', 'a', 10).get('n'), '3');
  now = 20_000;
  assert.equal(store.open('IP', 'a', 10).get('n'), undefined);
});

test('MemoryStore: values expire on their own', () => {
  let now = 0;
  const record = new MemoryStore(() => now).open('IP', 'a', 1000);
  record.set('n', 'n', '1');
  record.expire('n', 5);
  now = 4_999;
  assert.equal(record.get('n'), '1');
  now = 5_000;
  assert.equal(record.get('n'), undefined);
  assert.deepEqual(record.entries(), []);
});

test('MemoryStore: what a stranger can grow is bounded; the record used longest ago makes room', () => {
  const store = new MemoryStore(() => 0, { records: 3, valuesPerRecord: 2, valueBytes: 4 });
  for (const key of ['a', 'b', 'c']) store.open('IP', key, 10).set('n', 'n', key);
  store.open('IP', 'a', 10);
  store.open('IP', 'd', 10);
  assert.equal(store.size, 3);
  assert.equal(store.open('IP', 'a', 10).get('n'), 'a');
  assert.equal(store.open('IP', 'b', 10).get('n'), undefined);
  const record = store.open('IP', 'a', 10);
  record.set('m', 'm', '123456');
  record.set('o', 'o', '1');
  assert.equal(record.get('m'), '1234');
  assert.equal(record.get('o'), undefined);
});
