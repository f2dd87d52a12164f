/** The members of a pool as all threads see them: in-flight counts, state, turns, and what a reload carries over. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ownerOf } from '../../../l7/zone/lock.ts';
import { COUNT, Peers, STATE } from '../../../l7/zone/peers.ts';
import { hire, reaches, runCrew } from './crew.ts';

const TASKS = import.meta.resolve('./peers.tasks.ts');
const OWNER = ownerOf(0);
const SLOTS = 4;
const HERE = 3;
const idle = () => new Int32Array(new SharedArrayBuffer(4));

function pool(names: readonly string[], weights = names.map(() => 1)) {
  const shared = Peers.create(names, weights, SLOTS);
  return { shared, peers: new Peers(shared, HERE, OWNER) };
}

test('peers: each member has cells of its own in every column', () => {
  const names = Array.from({ length: 37 }, (_, i) => `s${i}`);
  const { shared, peers } = pool(
    names,
    names.map((_, i) => i + 1),
  );
  names.forEach((_, member) => {
    peers.fails[member] = member;
    peers.currentWeight[member] = 1 - member;
    for (const column of [peers.failedMs, peers.checkedMs, peers.slowStartMs, peers.ejectedUntilMs])
      column[member] = member + 0.5;
    peers.blendTimes(member, member, 2 * member, 1);
    peers.raise(member, member & 31);
    for (let i = 0; i < member; i++) peers.begin(member);
    for (const what of Object.values(COUNT)) peers.count(member, what, member * 100 + what);
  });
  const other = new Peers(shared, 0, OWNER);
  names.forEach((_, member) => {
    assert.deepEqual(
      [other.weight[member], other.effectiveWeight[member], other.fails[member], other.currentWeight[member]],
      [member + 1, member + 1, member, 1 - member],
    );
    assert.deepEqual([other.failedMs[member], other.ejectedUntilMs[member]], [member + 0.5, member + 0.5]);
    assert.deepEqual([other.headerMs[member], other.responseMs[member]], [member, 2 * member]);
    assert.deepEqual([other.state(member), other.inFlight(member)], [member & 31, member]);
    for (const what of Object.values(COUNT)) assert.equal(other.sum(member, what), member * 100 + what);
  });
});

test('peers: of threads that raise the same bit one is told that it was new', () => {
  const { shared, peers } = pool(['a', 'b']);
  const other = new Peers(shared, 0, OWNER);
  assert.deepEqual([peers.raise(1, STATE.unhealthy), other.raise(1, STATE.unhealthy)], [true, false]);
  assert.equal(other.raise(1, STATE.drain | STATE.unhealthy), true);
  assert.equal(peers.state(1), STATE.drain | STATE.unhealthy);
  assert.deepEqual([peers.clear(1, STATE.unhealthy), other.clear(1, STATE.unhealthy)], [true, false]);
  assert.deepEqual([peers.state(0), peers.state(1)], [0, STATE.drain]);
});

test('peers: averages take the first value as it is and blend the next', () => {
  const { peers } = pool(['a']);
  peers.blendTimes(0, 10, 100, 0.25);
  peers.blendTimes(0, 20, 0, 0.25);
  assert.deepEqual([peers.headerMs[0], peers.responseMs[0]], [12.5, 75]);
});

test('peers: everyone gets a turn of his own', () => {
  const { shared, peers } = pool(['a']);
  const other = new Peers(shared, 0, OWNER);
  assert.deepEqual([peers.nextTurn(), other.nextTurn(), peers.nextTurn()], [0, 1, 2]);
});

test('peers: threads that share smooth round robin give each member exactly its weight', async () => {
  const { shared, peers } = pool(['a', 'b', 'c'], [5, 1, 4]);
  await runCrew(TASKS, 'takeTurns', 3, { shared, turns: 10_000, started: idle() });
  assert.deepEqual(
    [0, 1, 2].map(member => peers.sum(member, COUNT.requests)),
    [15_000, 3000, 12_000],
  );
  assert.deepEqual([...peers.currentWeight.subarray(0, 3)], [0, 0, 0]);
});

test('peers: threads never have more in flight than tryBegin() allows', async () => {
  const { shared, peers } = pool(['a']);
  const most = (await runCrew(TASKS, 'crowd', 3, { shared, turns: 20_000, started: idle() })) as number[];
  assert.ok(Math.max(...most) <= 2, `${most}`);
  assert.ok(Math.max(...most) >= 1);
  assert.equal(peers.inFlight(0), 0);
});

test('peers: what terminated threads had in flight is given back exactly', async () => {
  const { shared, peers } = pool(['a', 'b', 'c']);
  peers.begin(1);
  for (let round = 0; round < 6; round++) {
    const started = idle();
    const crew = [0, 1].map(slot => hire(TASKS, 'serve', slot, { shared, turns: 0, started }));
    await reaches(started, 0, 2);
    await Promise.all(crew.map(worker => Promise.all([once(worker, 'exit'), worker.terminate()])));
    for (const slot of [0, 1]) peers.giveBack(slot);
    assert.deepEqual(
      [0, 1, 2].map(member => peers.inFlight(member)),
      [0, 1, 0],
      `round ${round}`,
    );
  }
});

test("peers: recover() frees a dead thread's lock and begins the round robin anew", () => {
  const { shared, peers } = pool(['a', 'b']);
  const dead = new Peers(shared, 0, 99);
  dead.lock.acquire();
  dead.currentWeight[0] = 7;
  assert.equal(peers.recover(98), false);
  assert.equal(peers.recover(99), true);
  assert.equal(peers.lock.tryAcquire(0), true);
  assert.equal(peers.currentWeight[0], 0);
});

test('peers: a reload carries health and times over to the members of the same name', () => {
  const { peers: old } = pool(['a', 'b', 'b'], [4, 4, 4]);
  old.raise(0, STATE.unhealthy);
  old.raise(2, STATE.drain);
  old.fails[0] = 3;
  old.failedMs[0] = 1234;
  old.effectiveWeight[0] = 1;
  old.effectiveWeight[1] = 2;
  old.blendTimes(1, 5, 6, 1);
  const { peers } = pool(['new', 'b', 'b', 'a'], [1, 8, 4, 4]);
  peers.adopt(old);
  assert.deepEqual(
    [0, 1, 2, 3].map(member => peers.state(member)),
    [0, 0, STATE.drain, STATE.unhealthy],
  );
  assert.deepEqual([peers.fails[3], peers.failedMs[3], peers.fails[0]], [3, 1234, 0]);
  assert.deepEqual(
    [...peers.effectiveWeight.subarray(0, 4)],
    [1, 8, 4, 1],
    'b has a new weight, and is whole',
  );
  assert.deepEqual([peers.headerMs[1], peers.responseMs[1]], [5, 6]);
});

test('peers: what was in flight before a reload ends after it, whichever pool it is ended by', () => {
  const { shared, peers: old } = pool(['gone', 'stays']);
  const silent = new Peers(shared, 0, ownerOf(1));
  for (let i = 0; i < 3; i++) old.begin(1);
  silent.begin(1);
  old.begin(0);
  const { shared: next, peers } = pool(['new', 'stays']);
  peers.inherit(old);
  assert.equal(peers.inFlight(1), 4, 'one of them not moved yet');
  assert.equal(peers.tryBegin(1, 4), false);
  old.end(1);
  peers.end(1);
  old.begin(1);
  old.count(1, COUNT.requests, 5);
  new Peers(next, 0, ownerOf(1)).inherit(silent);
  peers.settle();
  assert.deepEqual([peers.inFlight(0), peers.inFlight(1), old.inFlight(0)], [0, 3, 1]);
  assert.equal(peers.sum(1, COUNT.requests), 5);
  old.end(0);
  assert.equal(old.inFlight(0), 0);
});

test('peers: a thread that dies before it changed over has what it held given back', () => {
  const { shared, peers: old } = pool(['a']);
  const dead = new Peers(shared, 1, ownerOf(1));
  dead.begin(0);
  dead.count(0, COUNT.requests, 2);
  old.begin(0);
  const { peers } = pool(['a']);
  peers.inherit(old);
  peers.giveBack(1);
  peers.settle();
  assert.deepEqual([peers.inFlight(0), peers.sum(0, COUNT.requests)], [1, 2]);
});

test('peers: threads that change over under load keep exact sums', async () => {
  const { shared, peers: old } = pool(['a']);
  const { shared: next, peers } = pool(['b', 'a']);
  peers.inherit(old);
  await runCrew(TASKS, 'changeOver', 3, { shared, next, turns: 10_000, started: idle() });
  peers.settle();
  assert.equal(peers.inFlight(1), 3);
  assert.equal(peers.sum(1, COUNT.requests), 3 * 19_999);
});

test('peers: a pool without members, and one slot too many', () => {
  assert.equal(pool([]).peers.names.length, 0);
  assert.throws(() => new Peers(Peers.create(['a'], [1], 2), 2, OWNER), RangeError);
});
