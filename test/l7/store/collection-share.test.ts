/** Collections of the firewall between moats: counts add up, the later set is right, and what was missed is made up for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CollectionShare } from '../../../l7/store/collection-share.ts';
import { BodyReader, FRAME_BYTES_MOST, FrameFault, FrameWriter } from '../../../l7/store/frame.ts';
import { COLLECTION_SHAPE, SharedStore } from '../../../l7/waf/shared-store.ts';
import { createZone } from '../../../l7/zone/table.ts';
import { seeded } from '../zone/random.ts';

const THREAD = 5;
const clock = { nowMs: 1_000_000 };
const now = () => clock.nowMs;

/** @param skewMs how far its clock is ahead */
function moat(skewMs = 0, bytes = 1 << 20) {
  const sab = createZone(bytes, COLLECTION_SHAPE);
  const writer = new FrameWriter();
  const own = () => now() + skewMs;
  const share = new CollectionShare('waf collections', sab, 1, own);
  const store = new SharedStore(sab, THREAD, own);
  const told = () => {
    const count = share.collect(writer);
    return { count, body: writer.take() };
  };
  const snapshot = () => {
    const pieces: Buffer[] = [];
    for (let from: number | undefined = 0; from !== undefined; ) {
      from = share.dump(from, writer);
      pieces.push(writer.take());
    }
    return pieces;
  };
  const take = (body: Buffer, isSnapshot = false) => share.apply(new BodyReader(body), isSnapshot);
  const record = (key = 'k', seconds = 600) => store.open('IP', key, seconds);
  return { share, store, told, snapshot, take, record, get: (name = 'n') => record().get(name) };
}

type Moat = ReturnType<typeof moat>;

function exchange(...moats: readonly Moat[]): void {
  const bodies = moats.map(one => one.told().body);
  for (const [at, body] of bodies.entries())
    for (const other of moats) if (other !== moats[at]) other.take(body);
}

test('counts of all moats add up, whatever the order in which they hear of each other', () => {
  const random = seeded(7);
  const moats = [moat(), moat(3000), moat(-3000)];
  let sum = 0;
  for (let step = 0; step < 600; step++) {
    clock.nowMs += Math.floor(random() * 50);
    const delta = Math.floor(random() * 5) - 1;
    moats[Math.floor(random() * 3)]!.record().add('N', 'n', delta);
    sum += delta;
    if (random() < 0.2) exchange(...moats);
  }
  exchange(...moats);
  assert.deepEqual(
    moats.map(one => one.get()),
    [String(sum), String(sum), String(sum)],
  );
  assert.deepEqual(
    moats.map(one => one.told().count),
    [0, 0, 0],
    'what came is not sent on',
  );
});

test('the later of two that set a value is right, though its clock be behind; what is counted on it adds up', () => {
  const [one, two] = [moat(60_000), moat()];
  one.record().set('N', 'n', '10');
  exchange(one, two);
  two.record().set('N', 'n', '3');
  two.record().add('N', 'n', 1);
  one.record().add('N', 'n', 100); // to what is no more
  exchange(one, two);
  assert.deepEqual([one.get(), two.get()], ['4', '4']);
  one.record().add('N', 'n', 2);
  two.record().add('N', 'n', 5);
  exchange(one, two);
  assert.deepEqual([one.get(), two.get()], ['11', '11']);
});

test('two that set a value at once agree in the end', () => {
  const [one, two] = [moat(), moat()];
  one.record().set('N', 'n', 'red');
  two.record().set('N', 'n', 'blue');
  for (let round = 0; round < 3; round++) exchange(one, two);
  assert.equal(one.get(), two.get());
  assert.ok(['red', 'blue'].includes(one.get()!));
});

test('what is deleted is gone everywhere, and can be counted anew', () => {
  const [one, two] = [moat(), moat()];
  one.record().set('N', 'n', '10');
  exchange(one, two);
  clock.nowMs += 10;
  two.record().delete('n');
  assert.equal(two.get(), undefined);
  exchange(one, two);
  assert.equal(one.get(), undefined);
  assert.deepEqual(one.record().entries(), []);
  one.record().add('N', 'n', 1);
  exchange(one, two);
  assert.deepEqual([one.get(), two.get()], ['1', '1']);
});

test('a value vanishes everywhere when expirevar says, and a record when its time is over', () => {
  const [one, two] = [moat(), moat(5000)];
  one.record().set('text', 'text', 'words');
  one.record().add('N', 'n', 1);
  exchange(one, two);
  one.record().expire('n', 5);
  one.record().expire('text', 20);
  exchange(one, two);
  assert.equal(two.get('text'), 'words');
  clock.nowMs += 6000;
  assert.deepEqual([two.get(), two.get('text')], [undefined, 'words']);
  one.record('late', 10).set('a', 'a', '1');
  exchange(one, two);
  assert.equal(two.record('late').get('a'), '1');
  clock.nowMs += 11_000;
  assert.equal(two.record('late').get('a'), undefined);
});

test('a moat that comes later learns all, and what was missed is made up for by the larger count', () => {
  const [one, two, late] = [moat(), moat(), moat()];
  one.record().add('N', 'n', 5);
  one.record().set('flag', 'flag', 'x');
  exchange(one, two);
  one.record().add('N', 'n', 2);
  one.told(); // lost on its way
  one.record().add('N', 'n', 1); // on its way
  for (const piece of one.snapshot()) {
    late.take(piece, true);
    two.take(piece, true);
  }
  assert.deepEqual([late.get(), late.get('flag'), two.get()], ['7', 'x', '7']);
  const { body } = one.told();
  for (const other of [late, two]) other.take(body);
  assert.deepEqual([one.get(), two.get(), late.get()], ['8', '8', '8']);
});

test('a record in use is told in whole again after a quarter of the time that a log keeps it', () => {
  const [one, late] = [moat(), moat()];
  one.record().add('N', 'n', 5);
  one.told();
  clock.nowMs += 1_000_000;
  one.record('k', 600).add('N', 'n', 1); // it was over, and begins anew
  assert.equal(late.take(one.told().body), 1);
  assert.equal(late.get(), '1');
  for (let minute = 0; minute < 20; minute++) {
    clock.nowMs += 60_000;
    one.record().add('N', 'n', 1);
    const { body } = one.told();
    if (minute > 14) late.take(body);
  }
  assert.equal(late.get(), one.get());
});

test('more records than a frame has room for go in the next turns, and a snapshot has all', () => {
  const [one, two, late] = [moat(0, 4 << 20), moat(0, 4 << 20), moat(0, 4 << 20)];
  for (let n = 0; n < 1000; n++) one.record(`key ${n}`).set('n', 'n', 'x'.repeat(800));
  let turns = 0;
  for (let turn = one.told(); turn.count > 0; turn = one.told()) {
    assert.ok(turn.body.length < FRAME_BYTES_MOST);
    two.take(turn.body);
    turns++;
  }
  assert.ok(turns > 3 && !one.share.hasMore);
  for (const piece of one.snapshot()) {
    assert.ok(piece.length < FRAME_BYTES_MOST);
    late.take(piece, true);
  }
  for (let n = 0; n < 1000; n++)
    for (const other of [two, late]) assert.equal(other.record(`key ${n}`).get('n')?.length, 800, `${n}`);
});

test('rubbish is a fault of the frame, and nothing else', () => {
  const random = seeded(5);
  const one = moat();
  one.record().set('N', 'n', '10');
  one.record().add('m', 'm', 10);
  const good = one.told().body;
  let faults = 0;
  for (let round = 0; round < 3000; round++) {
    const bad = Buffer.from(good);
    for (let times = 0; times < 3; times++)
      bad[Math.floor(random() * bad.length)] = Math.floor(random() * 256);
    try {
      moat(0, 1 << 16).take(round % 3 ? bad : bad.subarray(0, Math.floor(random() * bad.length)));
    } catch (fault) {
      if (!(fault instanceof FrameFault)) throw fault;
      faults++;
    }
  }
  assert.ok(faults > 100);
});
