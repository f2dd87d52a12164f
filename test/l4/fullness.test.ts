/** How full the flow table is, and when that is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entriesAmong, Fullness } from '../../l4/fullness.ts';
import type { RealTable } from '../../l4/tables.ts';

const real = (id: number, mode: RealTable['mode']): RealTable => ({
  id,
  serviceId: 1,
  name: `${id}`,
  address: '10.0.0.1',
  port: 80,
  mode,
  weight: 1,
  upper: 0,
  lower: 0,
  intake: 'all',
  fate: 'forward',
});
const counts = (active: number, inactive: number) => ({
  active,
  inactive,
  connections: 0,
  packets: 0,
  bytes: 0,
  replyPackets: 0,
  replyBytes: 0,
});

test('entriesAmong: nat and fullnat have two entries a flow', () => {
  const reals = [real(1, 'dr'), real(2, 'nat'), real(3, 'fullnat'), real(4, 'tun'), real(5, 'nat')];
  const found = new Map([1, 2, 3, 4].map(id => [id, counts(id, 10)]));
  assert.equal(entriesAmong(reals, found), 11 + 24 + 26 + 14);
});

test('Fullness: four fifths are told once, until it was calm again; a full table once a minute', () => {
  const told: string[] = [];
  const fullness = new Fullness(message => told.push(message));
  const look = (entries: number) => {
    fullness.look({ entries, room: 1000 });
    return told.splice(0).length;
  };
  assert.deepEqual([799, 800, 1000, 750, 900, 699, 850].map(look), [0, 1, 0, 0, 0, 0, 1]);
  const full = (nowMs: number) => {
    fullness.full(1000, nowMs);
    return told.splice(0).length;
  };
  assert.deepEqual([5, 6, 60_004, 60_005, 60_006].map(full), [1, 0, 0, 1, 0]);
});
