/** What sets the ways of balancing apart from each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt } from '../../../l7/variable/upstream.ts';
import { COUNT } from '../../../l7/zone/peers.ts';
import { Field, memberModel } from './field.ts';

const answer = (headerMs: number, responseMs = headerMs): Attempt => ({
  member: '',
  serverName: '',
  opens: true,
  sending: false,
  status: 200,
  connectMs: 0,
  headerMs,
  queueMs: -1,
  responseMs,
  bytesSent: 0,
  bytesReceived: 0,
  bodyBytes: 0,
});
const picks = (field: Field, count: number) => Array.from({ length: count }, () => field.pick()).join('');

test('round-robin: turns are smooth, as with nginx', () => {
  const field = new Field('round-robin', [
    memberModel('a', { weight: 5 }),
    memberModel('b'),
    memberModel('c'),
  ]);
  assert.equal(picks(field, 14), 'aabacaaaabacaa');
});

test('round-robin: failures take weight away, and turns give it back', () => {
  const field = new Field('round-robin', [
    memberModel('a', { weight: 10, maxFails: 5 }),
    memberModel('b', { weight: 10, maxFails: 5 }),
  ]);
  field.group.fail(0, field.ask.nowMs);
  field.group.fail(0, field.ask.nowMs);
  assert.equal(field.peers.effectiveWeight[0], 6);
  picks(field, 3);
  assert.equal(field.peers.effectiveWeight[0], 9);
  picks(field, 100);
  assert.equal(field.peers.effectiveWeight[0], 10);
});

test('passive health: after fail_timeout one request tries, and its success brings the member back', () => {
  const field = new Field('round-robin', [
    memberModel('a', { maxFails: 2, failTimeoutMs: 1000 }),
    memberModel('b'),
  ]);
  const { group, ask } = field;
  assert.deepEqual([group.fail(0, ask.nowMs), group.fail(0, ask.nowMs)], [false, true]);
  assert.equal(picks(field, 4), 'bbbb');
  ask.nowMs += 1001;
  const again = picks(field, 4);
  assert.equal(again.replaceAll('b', ''), 'a', `one trial, not ${again}`);
  group.succeed(0, ask.nowMs);
  assert.equal(picks(field, 4).replaceAll('b', ''), 'aa');
});

test('passive health: failures far apart do not add up', () => {
  const { group, peers, ask } = new Field('round-robin', [
    memberModel('a', { maxFails: 2, failTimeoutMs: 1000 }),
    memberModel('b'),
  ]);
  group.fail(0, ask.nowMs);
  group.begin(0, ask.nowMs + 1001);
  group.succeed(0, ask.nowMs + 1002);
  assert.equal(peers.fails[0], 0);
  group.fail(0, ask.nowMs + 2000);
  group.begin(0, ask.nowMs + 2500);
  group.succeed(0, ask.nowMs + 2501);
  assert.equal(peers.fails[0], 1, 'a success within the time forgives nothing, as with nginx');
});

test('slow_start: a member that comes back grows from nothing to its weight', () => {
  const models = [memberModel('a', { slowStartMs: 1000 }), memberModel('b', { slowStartMs: 1000 })];
  const field = new Field('round-robin', models);
  field.group.startSlowly(0, field.ask.nowMs);
  const shareOfA = () => picks(field, 64).replaceAll('b', '').length;
  const shares = [0, 250, 500, 750, 1000].map(passedMs => {
    field.ask.nowMs = 1_000_000 + passedMs;
    return shareOfA();
  });
  assert.deepEqual(
    shares,
    [...shares].sort((a, b) => a - b),
    'never less than before',
  );
  assert.ok(shares[0]! <= 5 && shares[4] === 32, `${shares}`);
});

test('least-conn: takes the member with the fewest in flight for its weight', () => {
  const field = new Field('least-conn', [
    memberModel('a', { weight: 2 }),
    memberModel('b'),
    memberModel('c'),
  ]);
  for (const index of [0, 0, 1]) field.peers.begin(index);
  assert.equal(field.begin(), 'c');
  field.peers.end(1);
  assert.equal(field.begin(), 'b');
  for (let n = 0; n < 4; n++) field.peers.begin(2);
  assert.equal(field.begin('x'), 'a');
});

test('random-two: a busy member is drawn, and left for the other', () => {
  const field = new Field(
    'random-two',
    ['a', 'b', 'c'].map(name => memberModel(name)),
  );
  for (let n = 0; n < 100; n++) field.peers.begin(0);
  assert.equal(field.spread(60).get('a'), 0);
});

for (const by of ['header', 'last-byte'] as const) {
  for (const method of ['least-time', 'random-two'] as const) {
    test(`${method} ${by}: prefers the quicker of two, and shares among those within 20 ms`, () => {
      const field = new Field(method, [memberModel('a'), memberModel('b')], { by });
      const times = (ms: number) => (by === 'header' ? answer(ms, 999) : answer(0, ms));
      field.balancer.observe!(0, times(200), field.ask.nowMs);
      field.balancer.observe!(1, times(30), field.ask.nowMs);
      field.peers.checkedMs.fill(field.ask.nowMs);
      assert.equal(picks(field, 8), 'bbbbbbbb');
      for (let n = 0; n < 200; n++) field.balancer.observe!(0, times(24), field.ask.nowMs);
      assert.match(picks(field, 20), method === 'least-time' ? /^(ab){10}$|^(ba){10}$/ : /a.*b|b.*a/);
    });
  }
}

test('least-time: a slow member gets another chance after it rested', () => {
  const field = new Field('least-time', [memberModel('a'), memberModel('b')], { by: 'header' });
  field.balancer.observe!(0, answer(400), field.ask.nowMs);
  field.balancer.observe!(1, answer(100), field.ask.nowMs);
  field.peers.checkedMs.fill(field.ask.nowMs);
  assert.equal(picks(field, 4), 'bbbb');
  field.ask.nowMs += 45_000;
  field.peers.checkedMs[1] = field.ask.nowMs;
  assert.equal(field.pick(), 'a');
});

test('least-time inflight: a member that keeps requests waiting is left alone', () => {
  const models = [memberModel('a'), memberModel('b')];
  for (const inflight of [false, true]) {
    const field = new Field('least-time', models, { by: 'header', inflight });
    field.peers.checkedMs.fill(field.ask.nowMs);
    field.peers.count(0, COUNT.waiting, 1);
    field.peers.count(0, COUNT.waitingSinceMs, field.ask.nowMs - 3000);
    assert.equal(field.balancer.waitsFor, inflight ? 'header' : undefined);
    assert.equal(picks(field, 6).includes('a'), !inflight);
  }
});

test('ewma: a slow answer counts at once, and fades', () => {
  const field = new Field('ewma', [memberModel('a'), memberModel('b')]);
  for (const index of [0, 1]) field.balancer.observe!(index, answer(20), field.ask.nowMs);
  field.balancer.observe!(0, answer(2000), field.ask.nowMs);
  assert.equal(picks(field, 8), 'bbbbbbbb');
  field.ask.nowMs += 60_000;
  field.balancer.observe!(1, answer(20), field.ask.nowMs);
  assert.equal(field.pick(), 'a');
});

test('maglev: a pool of a hundred members fills its table within one percent', () => {
  const names = Array.from({ length: 100 }, (_, n) => `10.1.0.${n}:80`);
  const field = new Field(
    'maglev',
    names.map(name => memberModel(name)),
  );
  const counts = [...field.spread(100_000, () => field.pick()).values()];
  assert.ok(
    Math.min(...counts) > 850 && Math.max(...counts) < 1150,
    `${Math.min(...counts)} ${Math.max(...counts)}`,
  );
});
