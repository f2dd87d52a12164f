/** Zones as the session store sees them: what is told, how often, and what of two is right. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyReader, FrameWriter } from '../../../l7/store/frame.ts';
import { LimitShare } from '../../../l7/store/limit-share.ts';
import { SessionShare } from '../../../l7/store/session-share.ts';
import { ENTRIES_MOST } from '../../../l7/store/zone-share.ts';
import { ReqZone, SHARED_REQ_SHAPE } from '../../../l7/zone/req-zone.ts';
import { SHARED_STICKY_SHAPE, StickyTable, UNKNOWN } from '../../../l7/zone/sticky-table.ts';
import { createZone } from '../../../l7/zone/table.ts';

const HOUR_MS = 3_600_000;
const NAMES = ['one', 'two'];
const THREAD = 5;

function sessions(bytes = 1 << 22) {
  const sab = createZone(bytes, SHARED_STICKY_SHAPE);
  const writer = new FrameWriter();
  const share = new SessionShare('sids', sab, HOUR_MS, 1);
  const told = (nowMs: number) => {
    const count = share.collect(writer, nowMs);
    return { count, body: writer.take() };
  };
  const take = (body: Buffer, nowMs: number) => share.apply(new BodyReader(body), false, nowMs);
  return { table: new StickyTable(sab, HOUR_MS, NAMES, THREAD), share, told, take };
}

test('session share: a session is told once, and again when it moves or after a quarter of its time', () => {
  const { table, told } = sessions();
  table.learn('s', 0, 1000);
  assert.equal(told(1100).count, 1);
  table.find('s', 1150);
  table.learn('s', 0, 1160);
  assert.equal(told(1200).count, 0, 'it is used, and all know it');
  table.learn('s', 1, 1250);
  assert.equal(told(1300).count, 1, 'it belongs to another member');
  table.find('s', HOUR_MS / 4 + 1300);
  assert.equal(told(HOUR_MS / 4 + 1400).count, 1, 'so that it is not forgotten');
});

test('session share: what is told is known there, long names too, and is not told back', () => {
  const here = sessions();
  const there = sessions();
  const long = 'x'.repeat(300);
  here.table.learn('short', 1, 1000);
  here.table.learn(long, 0, 1000);
  assert.equal(there.take(here.told(1100).body, 90_000), 2);
  assert.equal(there.table.find('short', 90_001), 1);
  assert.equal(there.table.find(long, 90_001), 0);
  assert.equal(there.told(90_100).count, 0);
});

test('session share: the latest use is right, whoever speaks first', () => {
  const here = sessions();
  const there = sessions();
  here.table.learn('s', 0, 1000);
  there.table.learn('s', 1, 5000);
  const old = here.told(10_000).body; // used 9 s ago
  const young = there.told(10_000).body; // used 5 s ago
  there.take(old, 10_000);
  here.take(young, 10_000);
  assert.equal(there.table.find('s', 10_001), 1);
  assert.equal(here.table.find('s', 10_001), 1);
});

test('session share: one that would be over there is not taken', () => {
  const here = sessions();
  const there = sessions();
  here.table.learn('s', 0, 1000);
  const body = here.told(1000 + HOUR_MS).body;
  assert.ok(body.length > 0);
  there.take(body, 5000);
  assert.equal(there.table.find('s', 5000), UNKNOWN);
});

test('session share: more than fits in a turn goes in the next ones, and a snapshot has all', () => {
  const { table, share, told } = sessions();
  const count = ENTRIES_MOST + 500;
  for (let n = 0; n < count; n++) table.learn(`s${n}`, 0, 1000);
  assert.deepEqual([told(1100).count, share.hasMore], [ENTRIES_MOST, true]);
  assert.deepEqual([told(1200).count, share.hasMore], [500, false]);
  const other = sessions();
  const writer = new FrameWriter();
  for (let from: number | undefined = 0; from !== undefined; ) {
    from = share.dump(from, writer, 2000);
    other.take(writer.take(), 2000);
  }
  for (let n = 0; n < count; n++) assert.equal(other.table.find(`s${n}`, 2001), 0, `s${n}`);
});

test('session share: a burst that is many times what fits in a turn is told to its last session', () => {
  const { table, share, told } = sessions(1 << 23);
  const count = 6 * ENTRIES_MOST;
  for (let n = 0; n < count; n++) table.learn(`s${n}`, 0, 1000);
  const other = sessions(1 << 23);
  let sum = 0;
  let turns = 0;
  do {
    table.learn(`late ${turns}`, 0, 1100 + 100 * turns); // what is new meanwhile does not keep the old from its turn
    const { count: some, body } = told(1100 + 100 * turns);
    other.take(body, 2000);
    sum += some;
  } while (share.hasMore && ++turns < 50);
  assert.equal(share.hasMore, false);
  assert.equal(sum, count + turns + 1);
  for (let n = 0; n < count; n++) assert.equal(other.table.find(`s${n}`, 2001), 0, `s${n}`);
});

test('session share: what was told since a moment is told again, and nothing else', () => {
  const { table, share, told } = sessions();
  table.learn('old', 0, 1000);
  told(1100);
  table.learn('lost', 0, 1200);
  told(1300);
  table.learn('new', 0, 1400);
  const writer = new FrameWriter();
  share.dump(0, writer, 1500, 1300);
  const other = sessions();
  assert.equal(other.take(writer.take(), 1500), 1);
  assert.equal(other.table.find('lost', 1500), 0);
});

test('session share: one that was told long ago is as old there, and is told again when it is used', () => {
  const here = sessions();
  const there = sessions();
  here.table.learn('s', 1, 1000);
  const { body } = here.told(1100);
  const nowMs = 2 * HOUR_MS;
  there.share.apply(new BodyReader(body), false, nowMs, HOUR_MS - 1000);
  assert.equal(there.table.find('s', nowMs + 1), 1);
  assert.equal(there.told(nowMs + 100).count, 1, 'the log will forget it soon');
  const late = sessions();
  late.share.apply(new BodyReader(body), false, nowMs, HOUR_MS);
  assert.equal(late.table.find('s', nowMs), UNKNOWN);
});

test('limit share: counts that are read late have leaked meanwhile', () => {
  const rate = 1000; // a request a second
  const sab = createZone(1 << 20, { ...SHARED_REQ_SHAPE, keyBytesMax: 32 });
  const zone = new ReqZone(sab, rate, THREAD);
  const share = new LimitShare('one', sab, rate, 1);
  const told = (key: string, requests: number) =>
    new BodyReader(
      new FrameWriter()
        .u8(0)
        .text(key)
        .f64(1000 * requests)
        .take(),
    );
  const passes = (key: string) => {
    let passed = 0;
    while (zone.charge(key, 9000, Date.now())) passed++;
    return passed;
  };
  share.apply(told('late', 8), false, 0, 5000);
  assert.equal(passes('late'), 7, 'of ten eight were taken, and five of them have leaked');
});

test('limit share: what passes here counts there, once; a snapshot does not add what is counted', () => {
  const make = () => {
    const sab = createZone(1 << 20, { ...SHARED_REQ_SHAPE, keyBytesMax: 32 });
    return { zone: new ReqZone(sab, 1, THREAD), share: new LimitShare('one', sab, 1, 1) };
  };
  const [here, there] = [make(), make()];
  const writer = new FrameWriter();
  const passes = ({ zone }: ReturnType<typeof make>) => zone.charge('key', 9000, Date.now());
  for (let n = 0; n < 4; n++) assert.equal(passes(here), true);
  assert.equal(here.share.collect(writer), 1);
  there.share.apply(new BodyReader(writer.take()), false);
  assert.equal(here.share.collect(writer), 0);
  here.share.dump(0, writer);
  there.share.apply(new BodyReader(writer.take()), true);
  let passed = 0;
  while (passes(there)) passed++;
  assert.equal(passed, 6, 'a burst of 9 and the one that is free, less 4');
});
