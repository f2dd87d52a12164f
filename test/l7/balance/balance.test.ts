/** What every balancer owes its pool, asked of each one in the table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BALANCE_METHODS, type BalanceMethod } from '#model/l7/upstream.ts';
import { BALANCERS } from '../../../l7/balance/table.ts';
import { STATE } from '../../../l7/zone/peers.ts';
import { Field, memberModel } from './field.ts';

/** How far from its even share of 3000 requests a member may be, in percent: turns are exact, draws and hashes are not. */
const SLACK: Record<BalanceMethod, number> = {
  'round-robin': 0,
  'least-conn': 0,
  'least-time': 0,
  ewma: 0,
  'ip-hash': 12, // a hash of 6271 values
  hash: 8,
  'hash-consistent': 20, // 160 points leave uneven gaps
  maglev: 8,
  random: 12,
  'random-two': 2,
};
const abcd = ['a', 'b', 'c', 'd'].map(name => memberModel(name));

test('balance: every method is in the table', () => {
  assert.deepEqual(Object.keys(BALANCERS).sort(), [...BALANCE_METHODS].sort());
});

for (const method of BALANCE_METHODS) {
  test(`${method}: spreads requests evenly over equal members`, () => {
    for (const [name, count] of new Field(method, abcd).spread(3000))
      assert.ok(Math.abs(count - 750) <= 7.5 * SLACK[method], `${name} got ${count}`);
  });

  test(`${method}: spreads requests by weight`, () => {
    const weights = { a: 1, b: 2, c: 3, d: 4 };
    const models = Object.entries(weights).map(([name, weight]) => memberModel(name, { weight }));
    for (const [name, count] of new Field(method, models).spread(3000)) {
      const share = 300 * weights[name as keyof typeof weights];
      assert.ok(
        Math.abs(count - share) <= Math.max(1, (share * SLACK[method] * 2) / 100),
        `${name} got ${count}`,
      );
    }
  });

  test(`${method}: passes over members that are down, draining, unhealthy, ejected, unchecked or failed`, () => {
    for (const bit of Object.values(STATE)) {
      const field = new Field(method, abcd);
      field.peers.raise(1, bit);
      field.peers.ejectedUntilMs[1] = Number.POSITIVE_INFINITY;
      assert.equal(field.spread(200).get('b'), 0, `state ${bit}`);
    }
    const field = new Field(method, abcd);
    field.group.fail(1, field.ask.nowMs);
    assert.equal(field.spread(200).get('b'), 0);
  });

  test(`${method}: never picks a member that was tried`, () => {
    const field = new Field(method, abcd);
    const [a, b, c, d] = field.members;
    field.ask.tried = new Set([a!, c!]);
    const got = field.spread(200);
    assert.deepEqual([got.get('a'), got.get('c')], [0, 0]);
    field.ask.tried = new Set([a!, b!, c!]);
    assert.equal(field.begin(), 'd');
    field.ask.tried = new Set([a!, b!, c!, d!]);
    assert.equal(field.begin(), '');
  });

  test(`${method}: never exceeds max_conns, and says that it was for that`, () => {
    const models = ['a', 'b', 'c'].map(name => memberModel(name, { maxConns: 2 }));
    const field = new Field(method, models);
    assert.deepEqual([...field.spread(6).values()], [2, 2, 2]);
    assert.deepEqual([field.begin(), field.ask.full], ['', true]);
    field.peers.end(1);
    assert.equal(field.begin(), 'b');
  });

  test(`${method}: a member alone serves whatever its failures were`, () => {
    const field = new Field(method, [memberModel('a')]);
    for (let n = 0; n < 5; n++) field.group.fail(0, field.ask.nowMs);
    assert.equal(field.begin(), 'a');
    field.peers.raise(0, STATE.down);
    assert.equal(field.begin(), '');
  });

  test(`${method}: picks nobody from nobody`, () => {
    assert.equal(new Field(method, []).begin(), '');
  });

  test(`${method}: an ejection that is over is lifted`, () => {
    const field = new Field(method, abcd);
    field.peers.raise(1, STATE.ejected);
    field.peers.ejectedUntilMs[1] = field.ask.nowMs;
    assert.ok(field.spread(200).get('b')! > 0);
    assert.deepEqual([field.peers.state(1), field.ask.readmitted], [0, 1]);
  });
}

const STABLE = BALANCE_METHODS.filter(method => BALANCERS[method].key !== 'none');
for (const method of STABLE) {
  test(`${method}: the same key stays with the same member`, () => {
    const field = new Field(method, abcd);
    const other = new Field(method, abcd);
    for (let n = 0; n < 300; n++) {
      const key = BALANCERS[method].key === 'template' ? `k${n}` : `192.0.${n}.7`;
      const first = field.pick(key);
      assert.deepEqual([field.pick(key), other.pick(key)], [first, first]);
    }
  });
}

/** Which part of the keys may move beyond those of the member that left: Maglev trades a little churn for even shares. */
const CHURN = { 'hash-consistent': 0, maglev: 0.04 } as const;
for (const method of ['hash-consistent', 'maglev'] as const) {
  const names = Array.from({ length: 10 }, (_, n) => `10.0.0.${n}:80`);
  const keys = Array.from({ length: 4000 }, (_, n) => `/page/${n}`);

  test(`${method}: when a member leaves or comes, only its keys move`, () => {
    const all = new Field(
      method,
      names.map(name => memberModel(name)),
    );
    const nine = new Field(
      method,
      names.slice(1).map(name => memberModel(name)),
    );
    const strays = keys.filter(key => all.pick(key) !== names[0] && all.pick(key) !== nine.pick(key));
    assert.ok(strays.length <= CHURN[method] * keys.length, `${strays.length} others moved`);
    assert.ok(keys.some(key => all.pick(key) === names[0]));
  });

  test(`${method}: while a member is out only its keys move, over all others, and come back`, () => {
    const field = new Field(
      method,
      names.map(name => memberModel(name)),
    );
    const before = keys.map(key => field.pick(key));
    field.peers.raise(0, STATE.down);
    const during = keys.map(key => field.pick(key));
    keys.forEach((_, n) => {
      if (before[n] !== names[0]) assert.equal(during[n], before[n]);
    });
    assert.equal(new Set(during.filter((_, n) => before[n] === names[0])).size, 9);
    field.peers.clear(0, STATE.down);
    assert.deepEqual(
      keys.map(key => field.pick(key)),
      before,
    );
  });
}
