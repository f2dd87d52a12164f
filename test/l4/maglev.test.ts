/** Maglev's promises: even shares, few moves, and agreement between directors that share a secret. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRing, type RingMember, ringSize } from '../../l4/maglev.ts';

const SECRET = Buffer.alloc(16, 7);
const MEMBERS = 100;
/** The part of the slots that may move though neither their old nor their new owner has changed. */
const MOST_NEEDLESS = 0.01;

const members = (weigh: (at: number) => number): RingMember[] =>
  Array.from({ length: MEMBERS }, (_, at) => ({ id: at + 1, key: `10.0.0.${at} 80`, weight: weigh(at) }));

const ring = (list: readonly RingMember[], secret = SECRET) => buildRing(list, secret, ringSize(MEMBERS));

function needlessMoves(before: Uint32Array, after: Uint32Array, changed: number): number {
  const moved = before.filter((id, at) => after[at] !== id && id !== changed && after[at] !== changed);
  return moved.length / before.length;
}

const WEIGHTS = {
  equal: () => 1,
  mixed: (at: number) => 1 + (at % 5),
  'one heavy': (at: number) => (at === 0 ? 10 : 1),
};
const CHANGES: Record<string, (list: RingMember[], at: number) => RingMember[]> = {
  'is removed': (list, at) => list.filter((_, other) => other !== at),
  'gets more weight': (list, at) => list.with(at, { ...list[at]!, weight: list[at]!.weight * 2 }),
  'gets less weight': (list, at) => list.with(at, { ...list[at]!, weight: list[at]!.weight - 0.5 }),
};

for (const [weights, weigh] of Object.entries(WEIGHTS))
  for (const [what, change] of Object.entries(CHANGES))
    test(`buildRing: one of 100 ${what} (weights: ${weights}), and at most 1 % of the slots move without need`, () => {
      const list = members(weigh).map(one => ({ ...one, weight: one.weight * 2 }));
      const before = ring(list);
      for (const at of [0, 1, 50, 99]) {
        const after = ring(change(list, at).map(one => ({ ...one, weight: Math.ceil(one.weight) })));
        const part = needlessMoves(before, after, at + 1);
        assert.ok(part <= MOST_NEEDLESS, `${(part * 100).toFixed(2)} % moved for member ${at + 1}`);
      }
    });

test('buildRing: shares are those of the weights', () => {
  const list = members(WEIGHTS.mixed);
  const slots = ring(list);
  const whole = list.reduce((sum, { weight }) => sum + weight, 0);
  for (const { id, weight } of list) {
    const share = slots.filter(slot => slot === id).length / slots.length;
    assert.ok(Math.abs(share / (weight / whole) - 1) < 0.01, `${id} of weight ${weight} has ${share}`);
  }
});

test('buildRing: the order of lines does not count, the secret does', () => {
  const list = members(WEIGHTS.mixed);
  const slots = ring(list);
  assert.deepEqual(ring(list.toReversed()), slots);
  const other = ring(list, Buffer.alloc(16, 8));
  assert.ok(needlessMoves(slots, other, 0) > 0.9, 'another secret hardly moves a slot');
});

test('buildRing: one member has all slots; none, or as many as slots, are refused', () => {
  const [first] = members(WEIGHTS.equal);
  assert.ok(buildRing([first!], SECRET, 5).every(id => id === 1));
  assert.throws(() => buildRing([], SECRET), RangeError);
  assert.throws(() => buildRing(members(WEIGHTS.equal), SECRET, 97), RangeError);
});

test('ringSize: a prime with room for the shares, whatever the number', () => {
  const isPrime = (size: number) => {
    for (let divisor = 2; divisor * divisor <= size; divisor++) if (size % divisor === 0) return false;
    return true;
  };
  for (const count of [1, 2, 9, 30, 100, 500, 1500, 5000]) {
    const size = ringSize(count);
    assert.ok(isPrime(size), `${size}`);
    assert.ok(size >= Math.min(count * 500, 1_048_573), `${size} for ${count}`);
  }
});
