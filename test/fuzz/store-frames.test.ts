/** The link of session stores: broken, cut and random bytes are refused as such, and never more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BanShare } from '../../l7/store/ban-share.ts';
import { BodyReader, FRAME_BYTES_MOST, FrameFault, FrameReader, FrameWriter } from '../../l7/store/frame.ts';
import { LimitShare } from '../../l7/store/limit-share.ts';
import {
  batchFrame,
  beatFrame,
  helloFrame,
  numberFrame,
  readBatchHead,
  readBeat,
  readHello,
  readNumber,
  readTickets,
  ticketsFrame,
} from '../../l7/store/records.ts';
import { SessionShare } from '../../l7/store/session-share.ts';
import type { ZoneShare } from '../../l7/store/zone-share.ts';
import { BAN_SHAPE, BanZone, STRIKE_SHAPE } from '../../l7/zone/ban-zone.ts';
import { SHARED_REQ_SHAPE } from '../../l7/zone/req-zone.ts';
import { SHARED_STICKY_SHAPE } from '../../l7/zone/sticky-table.ts';
import { createZone, openZone } from '../../l7/zone/table.ts';
import { Dice } from './requests.ts';

const ROUNDS = 20_000;
const HEAD_BYTES = 5;

const sessions = createZone(64 * 1024, SHARED_STICKY_SHAPE);
const limits = createZone(64 * 1024, { ...SHARED_REQ_SHAPE, keyBytesMax: 32 });
const bans = createZone(64 * 1024, BAN_SHAPE);
const strikes = createZone(64 * 1024, STRIKE_SHAPE);
const banZone = new BanZone(openZone(bans, { owner: 1 }), openZone(strikes, { owner: 1 }));
const SHARES: readonly ZoneShare[] = [
  new BanShare('b', { zone: banZone, memory: bans, changed: () => {} }),
  new SessionShare('sids', sessions, 60_000, 1),
  new LimitShare('one', limits, 1000, 1),
];

const entries = new FrameWriter();
for (let n = 0; n < 5; n++) entries.u8(0).text(`key ${n}`).f64(1000).u32(5);
const SEEDS = [
  helloFrame(Buffer.alloc(16, 7), 8474),
  ticketsFrame({ bornMs: 1e12, seed: { period: 1, secret: new Uint8Array(32) } }),
  numberFrame(3, 9),
  beatFrame({ sentMs: 12.5, number: 3 }),
  batchFrame({ number: 4, kind: 'sessions', isSnapshot: true, zone: 'sids' }, entries.take()),
  batchFrame(
    { number: 5, kind: 'bans', isSnapshot: false, zone: 'b' },
    entries.text('192.0.2.1').f64(4e12).f64(1e12).f64(1e6).f64(4e12).u32(1).take(),
  ),
];

function readAll(kind: number, body: Buffer): void {
  if (kind === 1) readHello(body);
  else if (kind === 2) readTickets(body);
  else if (kind === 4) {
    const reader = new BodyReader(body);
    const head = readBatchHead(reader);
    for (const share of SHARES)
      share.apply(new BodyReader(body.subarray(body.length - reader.left)), head.isSnapshot, 5);
  } else if (kind === 6) readBeat(body);
  else readNumber(body);
}

test('store frames: what is whole is read, however it is cut', () => {
  const dice = new Dice(1);
  const stream = Buffer.concat(SEEDS);
  for (let round = 0; round < 500; round++) {
    const kinds: number[] = [];
    const reader = new FrameReader((kind, body) => {
      kinds.push(kind);
      if (kind !== 4) readAll(kind, body);
    });
    for (let at = 0; at < stream.length; ) {
      const end = at + 1 + dice.below(40);
      reader.push(stream.subarray(at, end));
      at = end;
    }
    assert.deepEqual(kinds, [1, 2, 3, 6, 4, 4]);
  }
});

test('store frames: damaged and random ones are refused by a FrameFault, and tables stay whole', () => {
  const dice = new Dice(2);
  let refused = 0;
  let taken = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const frame = Buffer.from(dice.pick(SEEDS));
    for (let n = 1 + dice.below(4); n > 0; n--) frame[dice.below(frame.length)] = dice.below(256);
    const bytes = dice.once(4) ? frame.subarray(0, dice.below(frame.length)) : frame;
    const reader = new FrameReader((kind, body) => readAll(kind, body));
    try {
      reader.push(bytes);
      taken++;
    } catch (fault) {
      assert.ok(fault instanceof FrameFault, `${fault} of ${bytes.toString('hex')}`);
      refused++;
    }
  }
  assert.ok(refused > ROUNDS / 10 && taken > ROUNDS / 100, `${refused} refused, ${taken} taken`);
  for (const sab of [sessions, limits, bans]) {
    const table = openZone(sab, { owner: 2 });
    let count = 0;
    for (let entry = table.oldest(); entry !== 0; entry = table.newer(entry)) count++;
    assert.equal(count, table.size);
    assert.ok(table.size <= table.capacity);
  }
});

test('store frames: one that claims to be too long is refused before it is gathered', () => {
  const reader = new FrameReader(() => assert.fail('it was taken'));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(FRAME_BYTES_MOST + 1, 0);
  assert.throws(() => reader.push(head), FrameFault);
});
