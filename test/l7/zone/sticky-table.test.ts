/** Learned sessions: who they belong to, how long, and after a reload. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownerOf } from '../../../l7/zone/lock.ts';
import { STICKY_SHAPE, StickyTable, UNKNOWN } from '../../../l7/zone/sticky-table.ts';
import { createZone } from '../../../l7/zone/table.ts';

const OWNER = ownerOf(0);
const MEMBERS = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];
const memory = (sizeBytes = 4096) => createZone(sizeBytes, STICKY_SHAPE);
const open = (sab: SharedArrayBuffer, names: readonly string[] = MEMBERS) =>
  new StickyTable(sab, 1000, names, OWNER);

test('sticky table: a session belongs to the member last learned', () => {
  const sessions = open(memory());
  assert.equal(sessions.find('s', 0), UNKNOWN);
  sessions.learn('s', 2, 0);
  assert.equal(sessions.find('s', 0), 2);
  sessions.learn('s', 0, 0);
  assert.equal(sessions.find('s', 0), 0);
});

test('sticky table: use renews a session, rest ends it', () => {
  const sessions = open(memory());
  sessions.learn('used', 1, 0);
  sessions.learn('idle', 1, 0);
  assert.equal(sessions.find('used', 999), 1);
  assert.equal(sessions.find('used', 1998), 1);
  assert.equal(sessions.find('idle', 1998), UNKNOWN);
  assert.equal(sessions.find('used', 2998), UNKNOWN);
});

test('sticky table: sessions stay with their member when the pool changes around it', () => {
  const sab = memory();
  const before = open(sab);
  for (const member of [0, 1, 2]) before.learn(`of ${member}`, member, 0);
  const after = open(sab, ['10.0.0.9:80', '10.0.0.3:80', '10.0.0.1:80']);
  assert.deepEqual(
    [0, 1, 2].map(member => after.find(`of ${member}`, 0)),
    [2, UNKNOWN, 1],
  );
  after.learn('of 1', 0, 0);
  assert.equal(before.find('of 1', 0), UNKNOWN, 'the old pool does not know the new member');
});

test('sticky table: of members of the same name the first is meant', () => {
  const sessions = open(memory(), ['a', 'b', 'b']);
  sessions.learn('s', 2, 0);
  assert.equal(sessions.find('s', 0), 1);
});

test('sticky table: a full table forgets the session longest unused', () => {
  const sessions = open(memory(2048));
  const { capacity } = sessions.table;
  for (let i = 0; i < capacity; i++) sessions.learn(`s${i}`, 0, 0);
  sessions.find('s0', 1);
  sessions.learn('new', 1, 1);
  assert.deepEqual(
    [sessions.find('s0', 1), sessions.find('s1', 1), sessions.find('new', 1)],
    [0, UNKNOWN, 1],
  );
  assert.equal(sessions.table.evictions, 1);
});

test('sticky table: forget() ends a session, and the empty name is none', () => {
  const sessions = open(memory());
  sessions.learn('s', 1, 0);
  assert.deepEqual([sessions.forget('s', 0), sessions.forget('s', 0)], [true, false]);
  assert.equal(sessions.find('s', 0), UNKNOWN);
  sessions.learn('', 1, 0);
  assert.equal(sessions.find('', 0), UNKNOWN);
});
