/** Who has an address, seen in the kernels: the watchers of a drill notice two owners, and none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Owners } from '../../../control/box/owners.ts';
import { type Change, spansOf } from '../../../control/box/ownership.ts';
import { lengthOf } from '../../../control/box/span.ts';
import { monotonicMs } from '../../../kit/monotonic.ts';
import { Lab, labMissing } from '../../lab/lab.ts';

const VIRTUAL = ['10.77.0.100', 'fd77::100'] as const;
const WHILE_MS = 300;

test('owners: the kernels of two hosts are seen, with two owners and with none', {
  skip: labMissing(),
}, async () => {
  using lab = new Lab();
  const net = lab.network('net');
  const [a, b] = ['a', 'b'].map(name => lab.host(name)) as [ReturnType<Lab['host']>, ReturnType<Lab['host']>];
  lab.wire(a, 'eth0', net, { addresses: ['10.77.0.1/24'] });
  lab.wire(b, 'eth0', net, { addresses: ['10.77.0.2/24'] });
  const give = (host: typeof a) =>
    host.ip(
      ...VIRTUAL.map(address => `address add ${address} dev eth0${address.includes(':') ? ' nodad' : ''}`),
    );
  const take = (host: typeof a) =>
    host.ip(
      ...VIRTUAL.map(address => `address del ${address}${address.includes(':') ? '/128' : '/32'} dev eth0`),
    );
  give(a);
  const owners = new Owners(
    [a, b].map(host => ({ name: host.name, host })),
    VIRTUAL,
  );
  /** @returns for how many ms at least, of what the watchers see, it has been as it is now */
  const staySo = async (): Promise<number> => {
    await owners.caughtUp();
    const fromMs = monotonicMs();
    await sleep(WHILE_MS);
    const forMs = monotonicMs() - fromMs;
    await owners.caughtUp();
    return forMs;
  };
  try {
    await owners.caughtUp();
    const beganMs = monotonicMs();

    give(b);
    const leastTwoMs = await staySo();
    take(a);
    await owners.caughtUp();
    const takenMs = monotonicMs();
    const first = owners.spans(beganMs, takenMs);
    assert.equal(first.none, undefined);
    const twoMs = lengthOf(first.two);
    assert.ok(twoMs >= leastTwoMs, `two had it for ${twoMs} ms`);
    assert.ok(twoMs <= takenMs - beganMs, `two had it for ${twoMs} ms`);

    owners.forget(takenMs);
    take(b);
    const leastNoneMs = await staySo();
    give(a);
    await owners.caughtUp();
    const then = owners.spans(takenMs, monotonicMs());
    assert.equal(then.two, undefined);
    assert.ok(lengthOf(then.none) >= leastNoneMs);
    // What ends all that runs on a host leaves who watches it.
    assert.deepEqual([a.pids, b.pids], [[], []]);
  } finally {
    owners.close();
  }
});

test('owners: a watcher that is gone is told, and is no node without addresses', {
  skip: labMissing(),
}, async () => {
  using lab = new Lab();
  const host = lab.host('a');
  const owners = new Owners([{ name: 'a', host }], VIRTUAL);
  await owners.caughtUp();
  owners.close();
  await assert.rejects(owners.caughtUp(), /nobody watches the addresses of a any more/);
});

test('owners: of each kind the longest time, cut to what is looked at', () => {
  const [one] = VIRTUAL;
  const has = (node: string, atMs: number, beforeMs = atMs): Change => ({
    node,
    atMs,
    beforeMs,
    held: [one],
  });
  const lacks = (node: string, atMs: number, beforeMs = atMs): Change => ({ node, atMs, beforeMs, held: [] });
  const changes = [
    has('a', 10),
    lacks('b', 10),
    has('b', 100),
    lacks('a', 130),
    lacks('b', 200),
    has('a', 250),
  ];
  const spans = (fromMs: number, untilMs: number) => spansOf(changes, [one], [fromMs, untilMs]);
  assert.deepEqual(spans(20, 300), {
    two: { address: one, fromMs: 100, untilMs: 130 },
    none: { address: one, fromMs: 200, untilMs: 250 },
  });
  assert.deepEqual(spans(20, 90), { two: undefined, none: undefined });
  assert.deepEqual(spans(120, 220), {
    two: { address: one, fromMs: 120, untilMs: 130 },
    none: { address: one, fromMs: 200, untilMs: 220 },
  });
  assert.deepEqual(spans(150, 190), { two: undefined, none: undefined });
  const other = spansOf(changes, [one, VIRTUAL[1]], [20, 300]);
  assert.deepEqual(other.none, { address: VIRTUAL[1], fromMs: 20, untilMs: 300 }, 'nobody ever had it');
  // What was seen late is no time with two owners, nor one with none.
  const late = [
    has('a', 10),
    lacks('b', 10),
    has('b', 100, 90),
    lacks('a', 140, 95),
    lacks('b', 200),
    has('a', 260, 230),
  ];
  assert.deepEqual(spansOf(late, [one], [20, 300]), {
    two: undefined,
    none: { address: one, fromMs: 200, untilMs: 230 },
  });
});
