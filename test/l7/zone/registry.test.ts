/** The registry of zones: what a reload keeps, renews and drops, and what the death of a thread leaves. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { ownerOf } from '../../../l7/zone/lock.ts';
import { ZoneRegistry } from '../../../l7/zone/registry.ts';
import { REQ_SHAPE } from '../../../l7/zone/req-zone.ts';
import type { SharedZone, ZoneWish } from '../../../l7/zone/wish.ts';
import { hire, reaches } from './crew.ts';

const TASKS = import.meta.resolve('./registry.tasks.ts');
const SEAT = { slots: 4, slot: 3, owner: ownerOf(0) };
const TABLE = {
  kind: 'table',
  name: 'rate',
  sizeBytes: 4096,
  shape: REQ_SHAPE,
  use: '$remote_addr',
} as const;
const CONN = { kind: 'conn', name: 'conn', sizeBytes: 4096, keyBytesMax: 16, use: '$remote_addr' } as const;
const COUNTERS = {
  kind: 'counters',
  name: 'http',
  metrics: ['requests', { name: 'open', kind: 'gauge' }],
} as const;
const PEERS = { kind: 'peers', name: 'app', members: ['a', 'b'], weights: [1, 2] } as const;
const ALL: readonly ZoneWish[] = [TABLE, CONN, COUNTERS, PEERS];

function registry() {
  const notes: string[] = [];
  const zones = new ZoneRegistry(SEAT, note => notes.push(note));
  const reload = (...wishes: readonly ZoneWish[]) => {
    const draft = zones.draft();
    for (const wish of wishes) draft.ask(wish);
    return zones.commit(draft);
  };
  return { zones, reload, notes };
}

function memoryOf(zone: SharedZone): SharedArrayBuffer {
  return 'sab' in zone ? zone.sab : zone.shared.sab;
}

test('registry: the same wishes get the same memory after a reload', () => {
  const { zones, reload, notes } = registry();
  reload(...ALL);
  const before = zones.share().map(memoryOf);
  zones.conn('conn')!.take('a', 1);
  reload(...ALL.toReversed());
  assert.deepEqual(new Set(zones.share().map(memoryOf)), new Set(before));
  assert.equal(zones.conn('conn')!.count('a'), 1);
  assert.deepEqual([notes, zones.retired], [[], 0]);
});

test('registry: a table of another size or key begins empty, and that is logged', () => {
  const { zones, reload, notes } = registry();
  reload(TABLE, CONN);
  const before = zones.share().map(memoryOf);
  reload({ ...TABLE, sizeBytes: 8192 }, { ...CONN, use: '$server_name' });
  const after = zones.share().map(memoryOf);
  assert.equal(after[0]!.byteLength, 8192);
  assert.ok(after.every(memory => !before.includes(memory)));
  assert.equal(notes.length, 2);
  assert.match(notes[0]!, /"rate".*size/);
});

test('registry: a reload that is not committed changes nothing', () => {
  const { zones, reload } = registry();
  reload(...ALL);
  zones.counters('http')!.add(0, 3);
  zones.peers('app')!.begin(1);
  const before = zones.share();
  const draft = zones.draft();
  draft.ask({ ...COUNTERS, metrics: ['requests'] });
  draft.ask({ ...PEERS, members: ['b', 'c'] });
  assert.throws(() => draft.ask({ ...TABLE, sizeBytes: 1 }), RangeError);
  assert.equal(draft.share().length, 2);
  assert.deepEqual(zones.share(), before);
  assert.deepEqual([zones.counters('http')!.sum(0), zones.peers('app')!.inFlight(1)], [3, 1]);
});

test('registry: counters and pools carry their values into new memory', () => {
  const { zones, reload } = registry();
  reload(COUNTERS, PEERS);
  zones.counters('http')!.add(0, 3);
  zones.peers('app')!.begin(1);
  const before = zones.share().map(memoryOf);
  reload({ ...COUNTERS, metrics: ['new', 'requests'] }, { ...PEERS, members: ['b', 'c'] });
  assert.equal(zones.counters('http')!.sum(1), 3);
  assert.equal(zones.peers('app')!.inFlight(0), 1);
  assert.deepEqual(
    zones.share().map(zone => 'was' in zone && zone.was?.sab),
    before,
    'so that threads inherit too',
  );
  zones.settle();
  assert.deepEqual(
    zones.share().map(zone => 'was' in zone && zone.was),
    [undefined, undefined],
  );
  assert.equal(zones.counters('http')!.sum(1), 3);
});

test('registry: unused zones are dropped, but kept for the requests that still use them', () => {
  const { zones, reload } = registry();
  reload(...ALL);
  const second = reload(CONN);
  assert.equal(zones.table('rate'), undefined);
  assert.deepEqual([zones.share().length, zones.retired], [1, 3]);
  const third = reload();
  zones.release(second);
  assert.equal(zones.retired, 1);
  zones.release(third);
  assert.equal(zones.retired, 0);
});

test('registry: one name has one meaning in a configuration, and a stale draft is refused', () => {
  const { zones, reload } = registry();
  const stale = zones.draft();
  stale.ask(TABLE);
  stale.ask({ ...TABLE });
  assert.throws(() => stale.ask({ ...TABLE, sizeBytes: 8192 }), RangeError);
  stale.ask({ ...CONN, name: 'rate' });
  reload(TABLE);
  assert.throws(() => zones.commit(stale), /draft/);
});

test('registry: threads that die at once, each with a lock, leave nothing behind', async () => {
  const { zones, reload } = registry();
  reload(...ALL);
  const old = zones.conn('conn')!;
  const steps = new Int32Array(new SharedArrayBuffer(12));
  const grips = ['rate', 'conn', 'app'];
  const shared = zones.share();
  const crew = grips.map((lock, slot) =>
    hire(TASKS, 'clutch', slot, { zones: shared, lock, crew: 3, steps }),
  );
  await reaches(steps, 1, 3);
  reload(...ALL.filter(wish => wish !== CONN)); // the dead must be mended in retired zones too
  await Promise.all(crew.map((worker, slot) => bury(zones, worker, slot)));
  assert.equal(old.count('key'), 0);
  assert.equal(zones.peers('app')!.inFlight(0), 0);
  const counters = zones.counters('http')!;
  assert.deepEqual([counters.sum(0), counters.sum(1)], [3, 0]);
  for (const lock of [old.table.lock, zones.table('rate')!.lock, zones.peers('app')!.lock])
    assert.equal(lock.tryAcquire(0), true);
});

async function bury(zones: ZoneRegistry, worker: Worker, slot: number): Promise<void> {
  const { threadId } = worker;
  await Promise.all([once(worker, 'exit'), worker.terminate()]);
  await zones.threadDied(threadId, slot);
}
