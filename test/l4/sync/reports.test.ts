/** What two directors tell each other of real servers: each change once, the newest word counts, and what was not said anew is gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes } from '../../../l4/address.ts';
import { REALS_MOST } from '../../../l4/layout.ts';
import { OP, type RealReport } from '../../../l4/sync/record.ts';
import { OwnReports, PeerReports, type RealStanding } from '../../../l4/sync/reports.ts';

const standing = (real: string, weight: number, port = 0): RealStanding => ({
  ...{ protocol: 6, virtual: { address: addressBytes('192.0.2.1'), port: 80 } },
  ...{ real: { address: addressBytes(real), port }, alive: weight > 0, weight },
});
const report = (real: string, weight: number, turn: number, port = 0): RealReport => ({
  ...{ op: OP.real, ...standing(real, weight, port), turn },
});

const taken = (own: OwnReports) => {
  const found: string[] = [];
  for (let next = own.take(); next; next = own.take())
    found.push(`${next.real.address.subarray(12).join('.')} ${next.weight} ${next.turn}`);
  return found;
};

test('OwnReports: what is new waits once, what is gone is told as dead, and all is told to one who knows nothing', () => {
  const own = new OwnReports();
  own.look([standing('10.0.0.1', 1), standing('10.0.0.2', 1)]);
  own.look([standing('10.0.0.1', 1), standing('10.0.0.2', 0)]);
  assert.deepEqual(taken(own), ['10.0.0.1 1 1', '10.0.0.2 0 3']);
  own.look([standing('10.0.0.1', 1), standing('10.0.0.2', 0)]);
  assert.ok(!own.isWaiting);
  own.look([standing('10.0.0.2', 0)]);
  assert.deepEqual(taken(own), ['10.0.0.1 0 4']);
  own.forget();
  own.look([standing('10.0.0.2', 0)]);
  assert.deepEqual(taken(own), ['10.0.0.2 0 5']);
});

const weights = (peer: PeerReports) =>
  Object.fromEntries(
    (peer.reals.get('tcp 192.0.2.1 80') ?? []).map(({ address, weight }) => [address, weight]),
  );

test('PeerReports: a late packet does not overrule a newer word', () => {
  const peer = new PeerReports();
  peer.begin();
  assert.ok(peer.take(report('10.0.0.1', 1, 5)));
  assert.ok(!peer.take(report('10.0.0.1', 0, 4)));
  assert.ok(!peer.take(report('10.0.0.1', 1, 6)));
  assert.deepEqual(weights(peer), { '10.0.0.1': 1 });
  assert.ok(peer.take(report('10.0.0.1', 0, 7)));
  assert.deepEqual(weights(peer), { '10.0.0.1': 0 });
});

test('PeerReports: in a new meeting numbers begin anew; what was not told again by its end is gone', () => {
  const peer = new PeerReports();
  peer.begin();
  peer.take(report('10.0.0.1', 1, 100));
  peer.take(report('10.0.0.2', 1, 101));
  assert.ok(!peer.settle());
  peer.begin();
  assert.deepEqual(weights(peer), { '10.0.0.1': 1, '10.0.0.2': 1 }); // while it starts, its last word holds
  assert.ok(peer.take(report('10.0.0.1', 3, 1)));
  assert.ok(peer.settle());
  assert.deepEqual(weights(peer), { '10.0.0.1': 3 });
});

test('PeerReports: more real servers than there can be are not kept', () => {
  const peer = new PeerReports();
  peer.begin();
  for (let at = 0; at < REALS_MOST + 10; at++) peer.take(report(`10.0.0.${1 + (at % 250)}`, 1, at + 1, at));
  assert.equal(peer.reals.get('tcp 192.0.2.1 80')!.length, REALS_MOST);
});
