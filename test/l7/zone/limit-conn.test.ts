/** limit_conn: exact counts across threads, all or none across limits, and what the dead held. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ConnZone, connShape, FULL, OVER } from '../../../l7/zone/conn-zone.ts';
import { ALL_TAKEN, giveAll, takeAll } from '../../../l7/zone/limit-conn.ts';
import { ownerOf } from '../../../l7/zone/lock.ts';
import { createZone } from '../../../l7/zone/table.ts';
import { hire, reaches, runCrew } from './crew.ts';
import { assertSound } from './sound.ts';

const TASKS = import.meta.resolve('./limit-conn.tasks.ts');
const OWNER = ownerOf(0);
const SLOTS = 4;
const HERE = 3;

const memory = (sizeBytes = 4096) => createZone(sizeBytes, connShape(SLOTS));
const zone = (sab = memory()) => new ConnZone(sab, HERE, OWNER);

test('limit_conn: a key is refused over its limit, and let in again when one leaves', () => {
  const conns = zone();
  const [first] = [conns.take('a', 2), conns.take('a', 2)];
  assert.equal(conns.take('a', 2), OVER);
  assert.ok(conns.take('b', 2) > 0);
  conns.give(first!);
  assert.ok(conns.take('a', 2) > 0);
  assert.equal(conns.count('a'), 2);
});

test('limit_conn: a key that nobody holds takes no room', () => {
  const conns = zone();
  for (let i = 0; i < 10 * conns.table.capacity; i++) conns.give(conns.take(`key ${i}`, 1));
  assert.equal(conns.table.size, 0);
  assert.equal(conns.count('key 1'), 0);
});

test('limit_conn: a full zone refuses new keys and forgets none', () => {
  const conns = zone(memory(1024));
  const { capacity } = conns.table;
  for (let i = 0; i < capacity; i++) assert.ok(conns.take(`key ${i}`, 1) > 0);
  assert.equal(conns.take('one more', 1), FULL);
  for (let i = 0; i < capacity; i++) assert.equal(conns.take(`key ${i}`, 1), OVER);
});

test('limit_conn: a request that one limit refuses is counted by none', () => {
  const [wide, narrow] = [zone(), zone()];
  const limits = [
    { zone: wide, most: 10 },
    { zone: narrow, most: 1 },
  ];
  const [first, second] = [new Int32Array(2), new Int32Array(2)];
  assert.equal(takeAll(limits, ['a', 'a'], first), ALL_TAKEN);
  assert.equal(takeAll(limits, ['a', 'a'], second), 1);
  assert.deepEqual([...second], [0, OVER]);
  assert.equal(wide.count('a'), 1);
  giveAll(limits, second);
  giveAll(limits, first);
  giveAll(limits, first);
  assert.deepEqual([wide.count('a'), narrow.count('a')], [0, 0]);
});

test('limit_conn: empty keys and keys over 255 bytes are not limited', () => {
  const limits = [{ zone: zone(), most: 1 }];
  for (const key of ['', 'x'.repeat(256)]) {
    for (let i = 0; i < 3; i++) assert.equal(takeAll(limits, [key], new Int32Array(1)), ALL_TAKEN);
  }
  assert.equal(takeAll(limits, ['x'.repeat(255)], new Int32Array(1)), ALL_TAKEN);
  assert.equal(takeAll(limits, ['x'.repeat(255)], new Int32Array(1)), 0);
});

test('limit_conn: threads never have more inside than the limit, and leave nothing behind', async () => {
  const sab = memory();
  const gauge = new Int32Array(new SharedArrayBuffer(12));
  const taken = (await runCrew(TASKS, 'pass', 3, { sab, limit: 2, turns: 20_000, gauge })) as number[];
  assert.ok(gauge[1]! <= 2, `${gauge[1]} were inside`);
  assert.ok(taken.reduce((sum, count) => sum + count) > 0);
  assert.equal(zone(sab).count('key'), 0);
  assert.equal(zone(sab).table.size, 0);
});

test('limit_conn: what a terminated thread held is given back, and no more', async () => {
  const sab = memory();
  const conns = zone(sab);
  const mine = [1, 2, 3].map(i => conns.take(`key ${i}`, 1_000_000));
  for (let round = 0; round < 4; round++) {
    const gauge = new Int32Array(new SharedArrayBuffer(12));
    const crew = [0, 1].map(slot => hire(TASKS, 'linger', slot, { sab, gauge }));
    const owners = crew.map(worker => ownerOf(worker.threadId));
    await reaches(gauge, 2, 2);
    await Promise.all(crew.map(worker => Promise.all([once(worker, 'exit'), worker.terminate()])));
    for (const owner of owners) conns.table.recover(owner);
    assertSound(sab);
    for (const slot of [0, 1]) assert.equal(conns.giveBack(slot, 100), true);
    assert.equal(conns.table.size, 3);
    for (const i of [1, 2, 3]) assert.equal(conns.count(`key ${i}`), 1);
  }
  for (const handle of mine) conns.give(handle);
  assert.equal(conns.table.size, 0);
});

test('limit_conn: giveBack() does nothing while another holds the lock', () => {
  const sab = memory();
  const conns = zone(sab);
  conns.take('a', 1);
  const other = new ConnZone(sab, 0, ownerOf(7));
  other.table.lock.acquire();
  assert.equal(conns.giveBack(HERE, 1), false);
  other.table.lock.release();
  assert.equal(conns.giveBack(HERE, 1), true);
  assert.equal(conns.count('a'), 0);
});

test('limit_conn: a slot that the zone has not is refused', () => {
  assert.throws(() => new ConnZone(memory(), SLOTS, OWNER), RangeError);
});
