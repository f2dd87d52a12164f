/** The log of a zone in a real Redis: how large it becomes, that it ends, and that nothing is counted twice. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { FrameWriter } from '../../../l7/store/frame.ts';
import { LimitShare } from '../../../l7/store/limit-share.ts';
import { RedisConnection } from '../../../l7/store/redis/connection.ts';
import { Reading } from '../../../l7/store/redis/reading.ts';
import { RedisClock } from '../../../l7/store/redis/redis-clock.ts';
import { Sealer } from '../../../l7/store/redis/seal.ts';
import { type Command, ZoneLog } from '../../../l7/store/redis/zone-log.ts';
import { SessionShare } from '../../../l7/store/session-share.ts';
import type { ZoneShare } from '../../../l7/store/zone-share.ts';
import { ReqZone, SHARED_REQ_SHAPE } from '../../../l7/zone/req-zone.ts';
import { SHARED_STICKY_SHAPE, StickyTable } from '../../../l7/zone/sticky-table.ts';
import { createZone } from '../../../l7/zone/table.ts';
import { type Redis, skip, startRedis } from './redis-rig.ts';

const HOUR_MS = 3_600_000;
const THREAD = 5;

/** One node, without the rest of a moat. */
async function nodeAt({ port }: Redis, share: ZoneShare) {
  const host = { host: '127.0.0.1', port };
  const connection = await RedisConnection.open({ host, tls: undefined, login: undefined, database: 0 });
  const clock = new RedisClock();
  let nowMs = 1000;
  let counted = 0;
  const log = new ZoneLog('{t}:', share, {
    sealer: new Sealer('a key of some length', randomBytes(16)),
    writer: new FrameWriter(),
    nowMs: () => nowMs,
    redisMs: () => clock.nowMs(),
    sent: () => {},
    received: count => (counted += count),
    refused: fault => assert.fail(fault),
    trouble: (_, detail) => assert.fail(detail),
  });
  const ask = async (commands: readonly Command[]) => {
    const replies = await connection.exchange(commands.map(({ words }) => words));
    commands.forEach(({ take }, at) => {
      take(replies[at]!);
    });
  };
  await ask([clock.look()]);
  return {
    log,
    ask,
    received: () => counted,
    async turn() {
      nowMs += 100;
      for (let reading = new Reading([log]); ; reading = new Reading([log])) {
        await ask([...log.write(), ...reading.commands()]);
        log.settled();
        if (!reading.hasMore) return;
      }
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

test('zone log: it does not become larger than twice the zone, however many sessions begin, and ends', {
  skip,
}, async () => {
  await using redis = await startRedis();
  const bytes = 128 * 1024;
  const sab = createZone(bytes, SHARED_STICKY_SHAPE);
  const table = new StickyTable(sab, HOUR_MS, ['one'], THREAD);
  using node = await nodeAt(redis, new SessionShare('sids', sab, HOUR_MS, 1));
  let most = 0;
  for (let turn = 0; turn < 400; turn++) {
    for (let n = 0; n < 100; n++) table.learn(`session ${turn} ${n} of a usual length`, 0, 1000 + 100 * turn);
    await node.turn();
    most = Math.max(most, Number(redis.ask('MEMORY', 'USAGE', '{t}:sessions:sids', 'SAMPLES', '0')));
  }
  // 400 turns of 100 sessions of 40 bytes are 1.6 MB. Redis cuts at whole nodes of a stream, and needs some bytes itself.
  assert.ok(most < 4 * bytes, `${most} bytes`);
  assert.ok(most > bytes / 2, `${most} bytes`);
  const ttlMs = Number(redis.ask('PTTL', '{t}:sessions:sids'));
  assert.ok(ttlMs > 0 && ttlMs <= HOUR_MS + 60_000, `${ttlMs} ms`);
});

test('zone log: counts come once, also when the log is read again after a new connection', {
  skip,
}, async () => {
  await using redis = await startRedis();
  const make = () => {
    const sab = createZone(1 << 20, { ...SHARED_REQ_SHAPE, keyBytesMax: 32 });
    return { zone: new ReqZone(sab, 1, THREAD), share: new LimitShare('one', sab, 1, 1) };
  };
  const [here, there] = [make(), make()];
  using first = await nodeAt(redis, here.share);
  using second = await nodeAt(redis, there.share);
  const passes = ({ zone }: ReturnType<typeof make>) => zone.charge('key', 9000, Date.now());
  for (let n = 0; n < 4; n++) assert.equal(passes(here), true);
  await first.turn();
  await second.turn();
  assert.equal(second.received(), 1);
  await second.ask(second.log.check(true));
  await second.turn();
  assert.equal(second.received(), 1, 'it has come before');
  let passed = 0;
  while (passes(there)) passed++;
  assert.equal(passed, 6, 'a burst of 9 and the one that is free, less 4');
  // One that begins now learns it from the log alone.
  const late = make();
  using third = await nodeAt(redis, late.share);
  await third.turn();
  passed = 0;
  while (passes(late)) passed++;
  assert.equal(passed, 6);
});

test('zone log: what a server has lost is told anew, and what it has is not', { skip }, async () => {
  await using redis = await startRedis();
  const sab = createZone(1 << 20, SHARED_STICKY_SHAPE);
  const table = new StickyTable(sab, HOUR_MS, ['one'], THREAD);
  using node = await nodeAt(redis, new SessionShare('sids', sab, HOUR_MS, 1));
  table.learn('kept', 0, 1050);
  await node.turn();
  table.learn('lost', 0, 1150);
  await node.turn();
  const key = '{t}:sessions:sids';
  const [, last = ''] =
    redis.ask('--raw', 'XREVRANGE', key, '+', '-', 'COUNT', '1').match(/^(\d+-\d+)$/m) ?? [];
  assert.equal(redis.ask('XDEL', key, last), '1');
  await node.ask(node.log.check(false));
  assert.equal(node.log.isBehind, true);
  await node.turn();
  assert.equal(node.log.isBehind, false);
  const other = createZone(1 << 20, SHARED_STICKY_SHAPE);
  using reader = await nodeAt(redis, new SessionShare('sids', other, HOUR_MS, 1));
  await reader.turn();
  const known = new StickyTable(other, HOUR_MS, ['one'], THREAD);
  assert.deepEqual([known.find('kept', 1100), known.find('lost', 1100)], [0, 0]);
});
