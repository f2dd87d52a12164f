/** limit_req against a plain model of nginx's, and its behaviour at the edges. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, type ReqLimit, reqLimit, reqOutcome } from '../../../l7/zone/limit-req.ts';
import { ownerOf } from '../../../l7/zone/lock.ts';
import { REQ_SHAPE, ReqZone } from '../../../l7/zone/req-zone.ts';
import { createZone, NONE } from '../../../l7/zone/table.ts';
import { runCrew } from './crew.ts';
import { draw, seeded } from './random.ts';
import { type ModelLimit, modelAccount, modelZone } from './req-model.ts';

const TASKS = import.meta.resolve('./limit-req.tasks.ts');
const OWNER = ownerOf(0);
const T0 = 1_700_000_000_000;
const SECOND = 1000;

function zone(rate: number, sizeBytes = 1 << 16): ReqZone {
  return new ReqZone(createZone(sizeBytes, REQ_SHAPE), rate, OWNER);
}

/** The verdicts of requests of one client at the given times. */
function verdicts(limit: ReqLimit, timesMs: readonly number[]): string[] {
  return timesMs.map(ms => {
    const { verdict, delayMs } = account([limit], ['client'], T0 + ms, reqOutcome());
    return verdict === 'delay' ? `delay ${delayMs}` : verdict;
  });
}

test('limit_req: without a burst one request passes per interval, whatever is sent between', () => {
  const limit = reqLimit(zone(2 * SECOND), 0, 0);
  assert.deepEqual(verdicts(limit, [0, 1, 499, 500, 501, 1000]), [
    'pass',
    'reject',
    'reject',
    'pass',
    'reject',
    'pass',
  ]);
});

test('limit_req: a burst waits its turn, and what exceeds it is refused', () => {
  const limit = reqLimit(zone(10 * SECOND), 3, 0);
  assert.deepEqual(verdicts(limit, [0, 0, 0, 0, 0, 50]), [
    'pass',
    'delay 100',
    'delay 200',
    'delay 300',
    'reject',
    'reject',
  ]);
  assert.deepEqual(verdicts(limit, [100]), ['delay 300']);
});

test('limit_req: nodelay lets the burst through at once', () => {
  const limit = reqLimit(zone(SECOND), 3, Infinity);
  assert.deepEqual(verdicts(limit, [0, 0, 0, 0, 0, 1000]), [
    'pass',
    'pass',
    'pass',
    'pass',
    'reject',
    'pass',
  ]);
});

test('limit_req: delay=2 lets two through at once and makes the others wait', () => {
  const limit = reqLimit(zone(SECOND), 4, 2);
  assert.deepEqual(verdicts(limit, [0, 0, 0, 0, 0, 0]), [
    'pass',
    'pass',
    'pass',
    'delay 1000',
    'delay 2000',
    'reject',
  ]);
});

test('limit_req: 30r/m is one request in two seconds', () => {
  const limit = reqLimit(zone(500), 0, 0);
  assert.deepEqual(verdicts(limit, [0, 1999, 2000]), ['pass', 'reject', 'pass']);
});

test('limit_req: a refused request is counted in no zone', () => {
  const [wide, narrow] = [zone(1), zone(1)];
  const limits = [reqLimit(wide, 5, Infinity), reqLimit(narrow, 0, Infinity)];
  const outcome = reqOutcome();
  account(limits, ['a', 'a'], T0, outcome);
  for (let i = 0; i < 10; i++) assert.equal(account(limits, ['a', 'a'], T0, outcome).zoneIndex, 1);
  assert.equal(outcome.verdict, 'reject');
  const alone = [reqLimit(wide, 5, Infinity)];
  const passed = Array.from({ length: 7 }, () => account(alone, ['a'], T0, outcome).verdict);
  assert.deepEqual(passed, ['pass', 'pass', 'pass', 'pass', 'pass', 'reject', 'reject']);
});

test('limit_req: the strictest of several limits gives the delay', () => {
  const limits = [reqLimit(zone(SECOND), 5, 0), reqLimit(zone(4 * SECOND), 5, 0)];
  const outcome = reqOutcome();
  account(limits, ['a', 'a'], T0, outcome);
  account(limits, ['a', 'a'], T0, outcome);
  assert.deepEqual(outcome, {
    verdict: 'delay',
    delayMs: 1000,
    zoneIndex: 0,
    excess: 1000,
    overlongIndex: -1,
  });
});

test('limit_req: an empty key is not limited, and an over-long one is passed over and reported', () => {
  const limit = reqLimit(zone(1), 0, 0);
  const outcome = reqOutcome();
  for (let i = 0; i < 3; i++) assert.equal(account([limit], [''], T0, outcome).verdict, 'pass');
  assert.equal(outcome.zoneIndex, -1);
  for (let i = 0; i < 3; i++) account([limit], ['x'.repeat(65_536)], T0, outcome);
  assert.deepEqual([outcome.verdict, outcome.overlongIndex], ['pass', 0]);
  assert.equal(limit.zone.table.size, 0);
  account([limit], ['x'.repeat(65_535)], T0, outcome);
  assert.equal(account([limit], ['x'.repeat(65_535)], T0, outcome).verdict, 'reject');
});

test('limit_req: a clock that steps back opens no gate', () => {
  const limit = reqLimit(zone(SECOND), 1, Infinity);
  assert.deepEqual(verdicts(limit, [0, 0, -30_000, -3_600_000, -3_599_001, -3_599_000]), [
    'pass',
    'pass',
    'reject',
    'reject',
    'reject',
    'reject',
  ]);
});

test('limit_req: a full zone forgets the client longest unseen, even a busy one', () => {
  const tight = zone(1, 1024);
  const limit = reqLimit(tight, 0, Infinity);
  const outcome = reqOutcome();
  const clients = Array.from({ length: tight.table.capacity + 1 }, (_, i) => `10.0.0.${i}`);
  for (const client of clients) assert.equal(account([limit], [client], T0, outcome).verdict, 'pass');
  assert.equal(tight.table.evictions, 1);
  assert.equal(account([limit], [clients.at(-1)!], T0, outcome).verdict, 'reject', 'still known');
  assert.equal(account([limit], [clients[0]!], T0, outcome).verdict, 'pass', 'forgotten');
});

test('limit_req: two clients idle for a minute are forgotten with each new one, busy ones are not', () => {
  const wide = zone(SECOND);
  const limit = reqLimit(wide, 100, Infinity);
  const outcome = reqOutcome();
  const send = (key: string, ms: number) => account([limit], [key], T0 + ms, outcome);
  for (const key of ['a', 'b', 'c', 'd']) send(key, 0);
  send('new', 59_999);
  assert.equal(wide.table.size, 5);
  send('newer', 60_000);
  assert.equal(wide.table.size, 4, 'a and b went');
  const slow = zone(1);
  const patient = reqLimit(slow, 100, Infinity);
  for (const key of ['a', 'a', 'b']) account([patient], [key], T0, outcome);
  account([patient], ['new'], T0 + 60_000, outcome);
  assert.equal(slow.table.size, 3, 'a still has an excess, and stands before b');
});

for (const seed of [11, 12, 13, 14, 15, 16]) {
  test(`limit_req: random requests get what the model gives them, seed ${seed}`, () => {
    const random = seeded(seed);
    const rates = [1, 500, 1000, 1 + draw(random, 20_000), 1_000_000];
    const zones = rates.map(rate => ({ real: zone(rate), model: modelZone(rate) }));
    const outcome = reqOutcome();
    const tally: Record<string, number> = {};
    let peakMs = T0;
    for (let step = 0; step < 10_000; step++) {
      peakMs += random() < 0.02 ? draw(random, 100_000) : random() < 0.5 ? 0 : draw(random, 700);
      const nowMs = random() < 0.05 ? peakMs - draw(random, 59_000) : peakMs; // past 60 s, idle buckets go
      const { real, model } = drawLimits(random, zones);
      const keys = real.map(() => (random() < 0.1 ? '' : `k${draw(random, 5)}`));
      const expected = modelAccount(model, keys, nowMs);
      const { verdict, delayMs, zoneIndex } = account(real, keys, nowMs, outcome);
      assert.deepEqual({ verdict, delayMs, zoneIndex }, expected, `step ${step}`);
      tally[verdict] = (tally[verdict] ?? 0) + 1;
    }
    for (const verdict of ['pass', 'delay', 'reject'])
      assert.ok(tally[verdict]! > 300, JSON.stringify(tally));
  });
}

type Pair = { readonly real: ReqZone; readonly model: ReturnType<typeof modelZone> };

/** One to three limits of different zones, for both sides. */
function drawLimits(random: () => number, zones: readonly Pair[]): { real: ReqLimit[]; model: ModelLimit[] } {
  const chosen = [...zones].sort(() => random() - 0.5).slice(0, 1 + draw(random, 3));
  const real: ReqLimit[] = [];
  const model: ModelLimit[] = [];
  for (const pair of chosen) {
    const burst = draw(random, 5);
    const delay = random() < 0.3 ? undefined : draw(random, 3);
    real.push(reqLimit(pair.real, burst, delay ?? Infinity));
    model.push({
      zone: pair.model,
      burst: BigInt(burst * 1000),
      delay: delay === undefined ? undefined : BigInt(delay * 1000),
    });
  }
  return { real, model };
}

test('limit_req: threads together let through exactly one burst', async () => {
  const sab = createZone(1 << 16, REQ_SHAPE);
  const passed = (await runCrew(TASKS, 'storm', 3, { sabs: [sab], burst: 5000, turns: 20_000 })) as number[];
  assert.equal(passed[0]! + passed[1]! + passed[2]!, 5001);
});

test('limit_req: threads that ask several zones never take more than were asked, nor lose a count', async () => {
  const sabs = [createZone(1 << 16, REQ_SHAPE), createZone(1 << 16, REQ_SHAPE)];
  const passed = (await runCrew(TASKS, 'storm', 3, { sabs, burst: 5000, turns: 20_000 })) as number[];
  assert.equal(passed[0]! + passed[1]! + passed[2]!, 5001, 'the last zone decides');
  const first = new ReqZone(sabs[0]!, 1, OWNER);
  first.check('client', Infinity, 1e6);
  assert.equal(first.excess, 5_001_000, 'and the first has counted the same ones');
});

test('limit_req: an entry evicted between the question and the count is made anew', () => {
  const tight = zone(1, 1024);
  tight.check('a', 0, T0);
  for (let i = 0; i < tight.table.capacity; i++) tight.charge(`10.0.0.${i}`, 0, T0);
  assert.equal(tight.table.find('a', T0), NONE);
  tight.settle('a', T0);
  assert.equal(tight.charge('a', 0, T0), false, 'it was counted');
});
