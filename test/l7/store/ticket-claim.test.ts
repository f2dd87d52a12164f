/** Whose session ticket keys hold: the rule that each node applies by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeClaim } from '../../../l7/store/ticket-claim.ts';
import { newTicketSeed, seedAt } from '../../../l7/tls/ticket-keys.ts';

const HOUR_MS = 3_600_000;
const seed = newTicketSeed(1000 * HOUR_MS);

test('ticket claim: the older keys hold, on both nodes alike', () => {
  const old = { bornMs: 1, seed };
  const young = { bornMs: 2, seed: newTicketSeed(1000 * HOUR_MS) };
  assert.equal(judgeClaim(old, young), 'taken');
  assert.equal(judgeClaim(young, old), 'left');
});

test('ticket claim: of the same age, one of the two holds, in whichever hour each was said', () => {
  const other = newTicketSeed(1000 * HOUR_MS);
  for (const [mine, theirs] of [
    [1000, 1000],
    [1000, 1001],
    [1002, 1000],
  ] as const) {
    // biome-ignore format: a table
    const a = { bornMs: 1, seed: seedAt(seed, mine) };
    const b = { bornMs: 1, seed: seedAt(other, theirs) };
    assert.deepEqual([judgeClaim(a, b), judgeClaim(b, a)].sort(), ['left', 'taken'], `${mine} ${theirs}`);
  }
});

test('ticket claim: keys that were taken are known again when hours have passed, and are left as they are', () => {
  for (let chain = 0; chain < 50; chain++) {
    const said = { bornMs: 1, seed: newTicketSeed(1000 * HOUR_MS) };
    for (const hour of [1001, 1002, 1020]) {
      const now = { bornMs: 1, seed: seedAt(said.seed, hour) };
      assert.equal(judgeClaim(said, now), 'left', `said at 1000, now ${hour}`);
      assert.equal(judgeClaim(now, said), 'left', `a clock that is behind, ${hour}`);
    }
  }
});

test('ticket claim: keys of another day are apart', () => {
  const now = { bornMs: 1, seed };
  assert.equal(judgeClaim({ bornMs: 0, seed: { ...seed, period: seed.period + 25 } }, now), 'apart');
  assert.equal(judgeClaim({ bornMs: 0, seed: { ...seed, period: seed.period - 25 } }, now), 'apart');
});
