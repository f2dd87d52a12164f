/** The zone of limit_ban: what is counted over time, how bans grow and end, and that threads count together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BAN_SHAPE,
  type Ban,
  type BanRule,
  BanZone,
  FOREVER,
  STRIKE_SHAPE,
} from '../../../l7/zone/ban-zone.ts';
import { ownerOf } from '../../../l7/zone/lock.ts';
import { createZone, openZone } from '../../../l7/zone/table.ts';
import { runCrew } from './crew.ts';
import { seeded } from './random.ts';

const TASKS = import.meta.resolve('./ban-zone.tasks.ts');
const T0 = 1_700_000_000_000;
const RULE: BanRule = { tag: 'aaaa', count: 5, withinMs: 8000, banMs: 1000, mostMs: 1000 };

function zone(bytes = 1 << 16): BanZone {
  const use = { owner: ownerOf(0) };
  return new BanZone(
    openZone(createZone(bytes, BAN_SHAPE), use),
    openZone(createZone(bytes, STRIKE_SHAPE), use),
  );
}

const strikes = (bans: BanZone, timesMs: readonly number[], rule = RULE) =>
  timesMs.map(ms => bans.strike(rule, 'client', T0 + ms) !== undefined);

test('as many events as the rule says within its time always ban, wherever they begin', () => {
  for (let start = 0; start < 2000; start += 37) {
    const times = [0, 1999, 4000, 6000, 7999].map(ms => start + ms);
    assert.deepEqual(strikes(zone(), times), [false, false, false, false, true], `from ${start}`);
  }
});

test('events that are further apart than an eighth more than the time never ban', () => {
  for (let start = 0; start < 2000; start += 37) {
    const times = Array.from({ length: 40 }, (_, n) => start + n * 2251);
    assert.ok(!strikes(zone(), times).includes(true), `from ${start}`);
  }
});

test('a count holds between what a plain list of moments says for the time, and for an eighth more', () => {
  const random = seeded(7);
  for (let round = 0; round < 50; round++) {
    const bans = zone();
    const seen: number[] = [];
    for (let n = 0, ms = 0; n < 60; n++) {
      ms += Math.floor(random() * 4000);
      seen.push(ms);
      const within = (most: number) => seen.filter(then => ms - then < most).length;
      const banned = bans.strike(RULE, 'client', T0 + ms) !== undefined;
      if (within(8000) >= 5) assert.ok(banned, `${seen}`);
      if (within(9000) < 5) assert.ok(!banned, `${seen}`);
      if (banned) {
        seen.length = 0;
        bans.lift('client', T0 + ms);
      }
    }
  }
});

test('a ban ends on time; while it holds nothing is counted', () => {
  const bans = zone();
  strikes(bans, [0, 0, 0, 0, 0]);
  assert.equal(bans.bannedUntilMs('client', T0 + 999), T0 + 1000);
  assert.equal(bans.bannedUntilMs('client', T0 + 1000), 0);
  strikes(bans, [10, 20, 30, 40, 50, 60]);
  assert.deepEqual(strikes(bans, [1001, 1002, 1003, 1004]), [false, false, false, false]);
});

test('bans grow by doubling up to the longest, and begin anew after as long without one', () => {
  const rule = { ...RULE, count: 1, mostMs: 5000 };
  const bans = zone();
  const lengths: number[] = [];
  let now = T0;
  for (let n = 0; n < 5; n++) {
    const ban: Ban | undefined = bans.strike(rule, 'client', now);
    lengths.push(ban!.lengthMs);
    now = ban!.untilMs + 1;
  }
  assert.deepEqual(lengths, [1000, 2000, 4000, 5000, 5000]);
  assert.equal(bans.strike(rule, 'client', now + 4998)?.times, 6);
  assert.equal(bans.strike(rule, 'client', now + 4998 + 5000 + 5000)?.times, 1);
});

test('a full zone forgets what is over before what holds', () => {
  const bans = zone(1 << 13);
  const ban = (key: string, untilMs: number): Ban => ({
    key,
    sinceMs: T0,
    untilMs,
    lengthMs: 1,
    forgetMs: FOREVER,
    times: 1,
  });
  bans.put(ban('holds', T0 + 1e6), T0);
  bans.put(ban('over', T0 - 1), T0);
  for (let n = 0; bans.list(T0).some(({ key }) => key === 'over'); n++) bans.put(ban(`n${n}`, T0 + 1e6), T0);
  assert.notEqual(bans.bannedUntilMs('holds', T0), 0);
  assert.equal(bans.evictions, 0);
});

test('keys of all lengths come back as they were', () => {
  const bans = zone();
  for (const key of ['a', 'ab\xff', '192.0.2.1', '2001:db8:ffff:ffff::/64', 'x'.repeat(64)])
    bans.put({ key, sinceMs: 1, untilMs: FOREVER, lengthMs: 2, forgetMs: FOREVER, times: 3 }, T0);
  assert.deepEqual(
    bans.list(T0).map(({ key }) => key),
    ['a', 'ab\xff', '192.0.2.1', '2001:db8:ffff:ffff::/64', 'x'.repeat(64)],
  );
  assert.equal(bans.list(T0)[1]?.times, 3);
});

test('four threads strike at once: banned exactly once, and not one event is lost', async () => {
  const turns = 5000;
  const sabs = () => ({ bans: createZone(1 << 16, BAN_SHAPE), strikes: createZone(1 << 16, STRIKE_SHAPE) });
  const sum = async (count: number) => {
    const data = { ...sabs(), rule: { ...RULE, count }, turns };
    return ((await runCrew(TASKS, 'storm', 4, data)) as number[]).reduce((a, b) => a + b);
  };
  assert.equal(await sum(4 * turns), 1);
  assert.equal(await sum(4 * turns + 1), 0);
});
