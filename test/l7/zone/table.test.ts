/** The keyed table: what it keeps, what it forgets and when, and that threads cannot break it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { KeyPacker } from '../../../l7/zone/key.ts';
import { ENTRY, HEAD } from '../../../l7/zone/layout.ts';
import { Lock, ownerOf } from '../../../l7/zone/lock.ts';
import { createZone, NONE, openZone, type ZoneTable, type ZoneUse } from '../../../l7/zone/table.ts';
import { hire, reaches, runCrew } from './crew.ts';
import { draw, seeded } from './random.ts';
import { assertSound } from './sound.ts';

const TASKS = import.meta.resolve('./table.tasks.ts');
const SHAPE = { keyBytesMax: 32, floats: 1, ints: 1 };
const OWNER = ownerOf(0);

function small(use: Partial<ZoneUse> = {}, sizeBytes = 1024): ZoneTable {
  return openZone(createZone(sizeBytes, SHAPE), { owner: OWNER, ...use });
}

function put(table: ZoneTable, key: string, nowMs = 0): number {
  assert.equal(table.find(key, nowMs), NONE);
  return table.insert(nowMs);
}

function fill(table: ZoneTable, nowMs = 0): string[] {
  const keys = Array.from({ length: table.capacity }, (_, i) => `k${i}`);
  for (const key of keys) put(table, key, nowMs);
  return keys;
}

test('table: an entry is found again by its key, with its values', () => {
  const table = small();
  const entry = put(table, 'one');
  table.ints[table.intAt(entry)] = -7;
  table.floats[table.floatAt(entry)] = 1.5;
  const again = table.find('one', 0);
  assert.equal(table.ints[table.intAt(again)], -7);
  assert.equal(table.floats[table.floatAt(again)], 1.5);
  assert.equal(table.find('two', 0), NONE);
});

test('table: keys that differ only in NUL bytes, length or high bytes are different keys', () => {
  const table = small({}, 4096);
  const keys = [
    '',
    '\0',
    '\0\0',
    '\0\0\0\0',
    'a',
    'a\0',
    'a\0\0\0',
    '\xff',
    '\xff\0',
    '\x7f',
    'aaaa\xe9',
    'aaaa\xe8',
  ];
  const entries = new Set(keys.map(key => put(table, key)));
  assert.equal(entries.size, keys.length);
  for (const key of keys) assert.ok(entries.has(table.find(key, 0)));
});

test('table: keys over the limit that begin alike are different keys, and none passes for its digest', () => {
  const table = small({}, 4096);
  const long = 'x'.repeat(1000);
  const entry = put(table, `${long}a`);
  put(table, `${long}b`);
  assert.equal(table.find(`${long}a`, 0), entry);
  const keyAt = table.intAt(entry) + 1;
  const digest = Buffer.from(new Int32Array(table.ints.slice(keyAt, keyAt + 4)).buffer).toString('latin1');
  assert.equal(table.find(digest, 0), NONE);
});

test('table: two keys of the same 32-bit hash have two entries', () => {
  const table = small();
  const packer = new KeyPacker(32, table.ints[HEAD.secret0]!, table.ints[HEAD.secret1]!);
  const seen = new Map<number, string>();
  let pair: [string, string] | undefined;
  for (let i = 0; !pair; i++) {
    packer.pack(`key-${i}`);
    const twin = seen.get(packer.hash);
    if (twin) pair = [twin, `key-${i}`];
    seen.set(packer.hash, `key-${i}`);
  }
  const [first, second] = pair.map(key => put(table, key));
  assert.notEqual(first, second);
  assert.equal(table.ints[first! + ENTRY.hash], table.ints[second! + ENTRY.hash]);
  assert.deepEqual(
    pair.map(key => table.find(key, 0)),
    [first, second],
  );
  table.remove(first!);
  assert.deepEqual(
    pair.map(key => table.find(key, 0)),
    [NONE, second],
  );
});

test('table: another secret gives another hash, and neighbours share no bits they need not', () => {
  const [one, other] = [new KeyPacker(16, 1, 2), new KeyPacker(16, 1, 3)];
  const buckets = new Array<number>(64).fill(0);
  let equal = 0;
  for (let i = 0; i < 6400; i++) {
    one.pack(`10.0.0.${i}`);
    other.pack(`10.0.0.${i}`);
    buckets[one.hash & 63]!++;
    if (one.hash === other.hash) equal++;
  }
  assert.equal(equal, 0);
  const [least, most] = [Math.min(...buckets), Math.max(...buckets)];
  assert.ok(least > 50 && most < 150, `64 buckets of 6400 keys hold ${least} to ${most}`); // five deviations
});

test('table: a full zone evicts the least recently touched, and counts it', () => {
  const table = small();
  const [first, second, ...rest] = fill(table);
  table.touch(table.find(first!, 1), 1);
  put(table, 'new', 2);
  assert.equal(table.find(second!, 2), NONE);
  for (const key of [first!, ...rest, 'new']) assert.notEqual(table.find(key, 2), NONE, key);
  assert.equal(table.evictions, 1);
  assert.equal(table.size, table.capacity);
});

test('table: a full zone that refuses keeps what it has', () => {
  const table = small({ whenFull: 'refuse' });
  const keys = fill(table);
  assert.equal(put(table, 'new'), NONE);
  for (const key of keys) assert.notEqual(table.find(key, 0), NONE);
  table.remove(table.find(keys[3]!, 0));
  assert.notEqual(put(table, 'new'), NONE);
  assert.equal(table.evictions, 0);
});

test('table: an entry is gone when it was not touched for the time given', () => {
  const table = small({ expireMs: 100 });
  put(table, 'a', 0);
  put(table, 'b', 0);
  table.touch(table.find('b', 50), 50);
  assert.notEqual(table.find('a', 99), NONE);
  assert.equal(table.find('a', 100), NONE);
  assert.notEqual(table.find('b', 149), NONE);
  assert.equal(table.sweep(150, 10), 1);
  assert.equal(table.size, 0);
  assert.equal(table.expirations, 2);
});

test('table: what is past its time makes room before anything is evicted', () => {
  const table = small({ expireMs: 100, whenFull: 'refuse' });
  fill(table, 0);
  assert.notEqual(put(table, 'new', 100), NONE);
  assert.equal(table.size, table.capacity - 1, 'two went for one that came');
});

test('table: room that is used again is clean, and old handles to it are stale', () => {
  const table = small();
  const entry = put(table, 'old');
  table.ints[table.intAt(entry)] = 9;
  table.floats[table.floatAt(entry)] = 9;
  const generation = table.generation(entry);
  table.touch(entry, 1);
  assert.equal(table.generation(entry), generation);
  table.remove(entry);
  assert.notEqual(table.generation(entry), generation, 'stale from the removal on');
  assert.equal(put(table, 'new'), entry);
  assert.equal(table.ints[table.intAt(entry)], 0);
  assert.equal(table.floats[table.floatAt(entry)], 0);
});

test('table: a zone never takes more memory than it was given', () => {
  for (const sizeBytes of [1000, 4096, 65_536, 1_000_000]) {
    const sab = createZone(sizeBytes, SHAPE);
    assert.ok(sab.byteLength <= sizeBytes);
    const table = openZone(sab, { owner: OWNER });
    for (let i = 0; i < 2 * table.capacity; i++) put(table, `key ${i}`, i);
    assert.equal(table.size, table.capacity);
    assertSound(sab);
  }
});

test('table: one megabyte holds at least 14 000 states of an IPv4 client', () => {
  const table = openZone(createZone(1 << 20, { keyBytesMax: 16, floats: 2, ints: 0 }), { owner: OWNER });
  assert.ok(table.capacity >= 14_000, `${table.capacity}`);
});

test('table: memory that is no zone, and a zone too small for an entry, are refused', () => {
  assert.throws(() => openZone(new SharedArrayBuffer(4096), { owner: OWNER }), TypeError);
  assert.throws(() => createZone(200, SHAPE), RangeError);
});

for (const seed of [1, 2, 3, 4]) {
  test(`table: random work gives what a plain ordered map gives, seed ${seed}`, () => {
    const random = seeded(seed);
    const sab = createZone(2048, SHAPE);
    const table = openZone(sab, { owner: OWNER });
    const model = new Map<string, number>(); // insertion order is age order
    for (let step = 0; step < 20_000; step++) {
      const key = `${'k'.repeat(draw(random, 40))}${draw(random, 40)}`;
      const entry = table.find(key, step);
      assert.equal(
        entry === NONE ? undefined : table.ints[table.intAt(entry)],
        model.get(key),
        `step ${step}`,
      );
      if (entry !== NONE && random() < 0.3) {
        table.remove(entry);
        model.delete(key);
        continue;
      }
      if (entry === NONE && model.size === table.capacity) model.delete(model.keys().next().value!);
      const at = entry === NONE ? table.insert(step) : entry;
      table.touch(at, step);
      table.ints[table.intAt(at)] = step;
      model.delete(key);
      model.set(key, step);
    }
    assertSound(sab);
    assert.equal(table.size, model.size);
  });
}

test('table: threads lose no update', async () => {
  const zone = createZone(1 << 18, SHAPE);
  const turns = 20_000;
  await runCrew(TASKS, 'addUp', 3, { zone, keys: 500, turns });
  const table = openZone(zone, { owner: OWNER });
  let ints = 0;
  let floats = 0;
  for (let entry = table.oldest(); entry !== NONE; entry = table.newer(entry)) {
    ints += table.ints[table.intAt(entry)]!;
    floats += table.floats[table.floatAt(entry)]!;
  }
  assert.deepEqual([ints, floats, table.size, table.evictions], [3 * turns, 3 * turns, 500, 0]);
  assertSound(zone);
});

test('table: threads that evict each other leave it sound', async () => {
  const zone = createZone(2048, SHAPE);
  await runCrew(TASKS, 'addUp', 3, { zone, keys: 500, turns: 20_000 });
  assertSound(zone);
  assert.ok(openZone(zone, { owner: OWNER }).evictions > 0);
});

test('table: recover() mends what a thread left half done', () => {
  const sab = createZone(4096, SHAPE);
  const table = openZone(sab, { owner: OWNER });
  const keys = fill(table);
  for (const key of keys) table.touch(table.find(key, 0), Number(key.slice(1)));
  table.remove(table.find('k5', 0));
  new Lock(table.ints, HEAD.lock, 99).acquire();
  table.ints[table.find('k7', 0) + ENTRY.mark] = 0; // a removal that got no further
  table.ints[table.find('k9', 0) + ENTRY.next] = table.find('k9', 0); // a circle
  table.ints[HEAD.newest] = table.ints[HEAD.oldest] = 3;
  assert.equal(table.recover(98), false);
  assert.equal(table.recover(99), true);
  assertSound(sab);
  const left = keys.filter(key => table.find(key, 0) !== NONE);
  assert.deepEqual(
    left,
    keys.filter(key => key !== 'k5' && key !== 'k7'),
  );
  assert.equal(table.oldest(), table.find('k0', 0), 'the age order is kept');
  assert.equal(table.lock.tryAcquire(0), true);
});

test('table: threads terminated at any moment leave a table that can be recovered', async () => {
  const zone = createZone(4096, SHAPE);
  const table = openZone(zone, { owner: OWNER });
  for (let round = 0; round < 6; round++) {
    const started = new Int32Array(new SharedArrayBuffer(4));
    const crew = [0, 1].map(slot => hire(TASKS, 'churn', 10 * round + slot, { zone, keys: 100, started }));
    const owners = crew.map(worker => ownerOf(worker.threadId));
    await reaches(started, 0, 2);
    await Promise.all(crew.map(worker => Promise.all([once(worker, 'exit'), worker.terminate()])));
    for (const owner of owners) table.recover(owner);
    assert.equal(table.lock.tryAcquire(0), true, 'nobody holds the lock');
    assertSound(zone);
    table.lock.release();
  }
});
