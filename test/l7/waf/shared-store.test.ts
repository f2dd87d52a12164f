/** Persistent collections in shared memory: the same as in a thread's own, bounded, and exact over threads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStore } from '#waf';
import { COLLECTION_SHAPE, SharedStore } from '../../../l7/waf/shared-store.ts';
import { readValues } from '../../../l7/waf/values-block.ts';
import { ownerOf } from '../../../l7/zone/lock.ts';
import { createZone } from '../../../l7/zone/table.ts';
import { runCrew } from '../zone/crew.ts';
import { seeded } from '../zone/random.ts';

const TASKS = import.meta.resolve('./shared-store.tasks.ts');
const shared = (now: () => number, bytes = 1 << 20) =>
  new SharedStore(createZone(bytes, COLLECTION_SHAPE), ownerOf(0), now);

test('a shared store says what a store of one thread says, whatever is done to both', () => {
  const random = seeded(11);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  let now = 1000;
  const stores = [new MemoryStore(() => now), shared(() => now)];
  for (let step = 0; step < 20_000; step++) {
    now += Math.floor(random() * 400);
    const [collection, key, name] = [
      pick(['IP', 'SESSION'] as const),
      pick(['a', 'b']),
      pick(['X', 'y', 'Zed']),
    ];
    const lower = name.toLowerCase();
    const kind = Math.floor(random() * 6);
    const value = pick(['', '1', '-7', 'text\0\xff', 'x'.repeat(200)]);
    const [one, other] = stores.map(store => {
      const record = store.open(collection, key, 3);
      if (kind === 0) record.set(name, lower, value);
      if (kind === 1) record.add(name, lower, 3);
      if (kind === 2) record.delete(lower);
      if (kind === 3) record.expire(lower, 2);
      return {
        get: record.get(lower),
        entries: record.entries().toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      };
    });
    assert.deepEqual(other, one, `step ${step}`);
  }
});

test('a record is bounded: a value is cut to the room there is, what has none is not kept', () => {
  const record = shared(() => 0).open('IP', 'a', 10);
  record.set('long', 'long', 'x'.repeat(5000));
  record.set('late', 'late', '1');
  assert.ok(record.get('long')!.length > 900 && record.get('long')!.length < 1024);
  assert.equal(record.get('late'), undefined);
  record.delete('long');
  record.set('late', 'late', '1');
  assert.equal(record.get('late'), '1');
});

test('the memory is bounded: the record that was written longest ago makes room', () => {
  const store = shared(() => 0, 1 << 16);
  for (let n = 0; n < 1000; n++) {
    store.open('IP', 'steady', 10).add('n', 'n', 1);
    store.open('IP', `key ${n} ${'k'.repeat(n % 200)}`, 10).set('n', 'n', String(n));
  }
  assert.ok(store.size < 64);
  assert.equal(store.open('IP', 'steady', 10).get('n'), '1000');
  assert.equal(store.open('IP', `key 999 ${'k'.repeat(999 % 200)}`, 10).get('n'), '999');
});

test('bytes that a dying thread left half written are no values, and no fault', () => {
  const random = seeded(3);
  for (let round = 0; round < 2000; round++) {
    const block = Buffer.from(Array.from({ length: 64 }, () => Math.floor(random() * 256)));
    if (round % 2) block.writeUInt16LE(Math.floor(random() * 62), 0);
    assert.ok(readValues(block, 0) instanceof Map);
  }
});

test('four threads count in one record, and not one is lost', async () => {
  const turns = 5000;
  const sab = createZone(1 << 20, COLLECTION_SHAPE);
  await runCrew(TASKS, 'count', 4, { sab, turns });
  const record = new SharedStore(sab, ownerOf(0), Date.now).open('IP', '192.0.2.1', 3600);
  assert.equal(record.get('hits'), String(4 * turns));
  for (const slot of [0, 1, 2, 3]) assert.equal(record.get(`own${slot}`), String(turns));
});
