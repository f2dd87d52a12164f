/** What one operation on shared memory costs, on one thread: `node bench/zone.ts`. Printed, not asserted. */

import { ConnZone, connShape } from '../l7/zone/conn-zone.ts';
import { Counters } from '../l7/zone/counters.ts';
import { account, reqLimit, reqOutcome } from '../l7/zone/limit-req.ts';
import { COUNT, Peers } from '../l7/zone/peers.ts';
import { REQ_SHAPE, ReqZone } from '../l7/zone/req-zone.ts';
import { createZone, NONE, openZone } from '../l7/zone/table.ts';

const ROUNDS = 1_000_000;
const keys = Array.from({ length: 4096 }, (_, i) => `10.${i >> 8}.${i & 255}.${(i * 7) & 255}`);

/** Runs `operation` on the keys in turn, warm, and prints the best of five runs in ns. */
function measure(name: string, operation: (key: string, turn: number) => void): void {
  let bestNs = Infinity;
  for (let run = 0; run < 5; run++) {
    const startNs = process.hrtime.bigint();
    for (let i = 0; i < ROUNDS; i++) operation(keys[i & 4095]!, i);
    bestNs = Math.min(bestNs, Number(process.hrtime.bigint() - startNs) / ROUNDS);
  }
  console.log(`${name.padEnd(48)} ${bestNs.toFixed(1).padStart(7)} ns`);
}

const table = openZone(createZone(1 << 20, { keyBytesMax: 16, floats: 2, ints: 0 }), { owner: 1 });
const find = (key: string, nowMs: number) => {
  table.lock.acquire();
  const entry = table.find(key, nowMs);
  if (entry === NONE) table.insert(nowMs);
  else table.touch(entry, nowMs);
  table.lock.release();
};
measure('nothing', () => {});
measure('lock + unlock', () => {
  table.lock.acquire();
  table.lock.release();
});
measure('table: find a known key and touch it', find);
const tight = openZone(createZone(64 << 10, { keyBytesMax: 16, floats: 2, ints: 0 }), { owner: 1 });
measure('table: insert, and evict the oldest', (key, turn) => {
  tight.lock.acquire();
  if (tight.find(key, turn) === NONE) tight.insert(turn);
  tight.lock.release();
});

const zone = (rate: number) => new ReqZone(createZone(1 << 20, REQ_SHAPE), rate, 1);
const outcome = reqOutcome();
const one = [reqLimit(zone(10_000), 20, Infinity)];
const two = [reqLimit(zone(10_000), 20, Infinity), reqLimit(zone(1_000_000), 20, 0)];
const oneKey = [''];
const twoKeys = ['', 'site.example'];
measure('limit_req: account, one limit', (key, turn) => {
  oneKey[0] = key;
  account(one, oneKey, turn, outcome);
});
measure('limit_req: account, two limits', (key, turn) => {
  twoKeys[0] = key;
  account(two, twoKeys, turn, outcome);
});

const counters = new Counters(Counters.define(['requests', 'bytes'], 8), 1);
measure('counters: add', () => counters.add(1, 100));
const conns = new ConnZone(createZone(1 << 20, connShape(8)), 1, 1);
measure('limit_conn: take and give', key => conns.give(conns.take(key, 10)));
const names = Array.from({ length: 10 }, (_, i) => `10.0.0.${i}:80`);
const peers = new Peers(
  Peers.create(
    names,
    names.map(() => 1),
    8,
  ),
  1,
  1,
);
measure('peers: begin, count and end', (_, turn) => {
  peers.begin(turn % 10);
  peers.count(turn % 10, COUNT.requests, 1);
  peers.end(turn % 10);
});
measure('peers: in-flight of 10 members, 8 slots', () => {
  for (let member = 0; member < 10; member++) peers.inFlight(member);
});

const long = 'a session name that is longer than the key the zone keeps, so its digest stands for it ';
measure('limit_req: account, key kept as a digest', (key, turn) => {
  oneKey[0] = long + key;
  account(one, oneKey, turn, outcome);
});
const wide = [
  reqLimit(new ReqZone(createZone(1 << 20, { ...REQ_SHAPE, keyBytesMax: 128 }), 10_000, 1), 20, Infinity),
];
measure('limit_req: account, key of 100 bytes in full', (key, turn) => {
  oneKey[0] = long + key;
  account(wide, oneKey, turn, outcome);
});
