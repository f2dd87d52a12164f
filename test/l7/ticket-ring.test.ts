/** The keys of session tickets: the same for all who began alike, and forgotten in time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newTicketSeed, TicketRing } from '../../l7/tls/ticket-keys.ts';

const HOUR_MS = 3_600_000;
const START_MS = 1_800_000_000_000;

function ring(seed = newTicketSeed(START_MS)) {
  let nowMs = START_MS;
  const keys = new TicketRing(seed, () => nowMs);
  return { keys, pass: (hours: number) => (nowMs += hours * HOUR_MS) };
}
const names = (keys: readonly Buffer[]) => keys.map(key => key.toString('hex'));

test('ticket ring: two that begin with the same seed have the same keys ever after', () => {
  const seed = newTicketSeed(START_MS);
  const [one, two] = [ring(seed), ring(seed)];
  for (const hours of [0, 1, 5]) {
    one.pass(hours);
    two.pass(hours);
    assert.deepEqual(names(one.keys.keys()), names(two.keys.keys()));
    assert.equal(one.keys.edition, two.keys.edition);
  }
  const late = new TicketRing(one.keys.seed(), () => START_MS + 6 * HOUR_MS);
  assert.deepEqual(names(late.keys()).slice(0, 1), names(one.keys.keys()).slice(0, 1));
});

test('ticket ring: keys of 80 bytes, a new one each hour; the one before still opens', () => {
  const { keys, pass } = ring();
  const [first] = names(keys.keys());
  assert.equal(first!.length, 160);
  pass(1);
  assert.equal(names(keys.keys())[1], first);
  assert.notEqual(names(keys.keys())[0], first);
  pass(1);
  assert.equal(names(keys.keys()).includes(first!), false, 'after two hours it is gone');
});

test('ticket ring: tickets that are good for longer keep their keys as long, up to a day', () => {
  const { keys, pass } = ring();
  const [first] = names(keys.keys(10 * 3600));
  for (let hour = 0; hour < 10; hour++) {
    pass(1);
    assert.equal(names(keys.keys(10 * 3600)).includes(first!), true, `hour ${hour}`);
    assert.equal(keys.keys(300).length, 2, 'others see no more than they need');
  }
  pass(1);
  assert.equal(names(keys.keys(10 * 3600)).includes(first!), false);
  for (let hour = 0; hour < 60; hour++) {
    pass(1);
    keys.keys(1000 * 3600);
  }
  assert.equal(keys.keys(1000 * 3600).length, 25);
});
