/** The nodes of a cluster, as the console makes them of what the API says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodesOf } from '../../admin-ui/src/nodes.ts';
import type { Cluster, Instance } from '../../admin-ui/src/shapes.ts';

type Heartbeat = NonNullable<Cluster['heartbeat']>;
type Peer = NonNullable<Heartbeat['peer']>;

const router = (name: string, state: string, peers: Instance['peers'] = []): Instance => ({
  ...{ name, state, priority: 100, addresses: [`10.0.0.${name.length}/24`], faults: [], interface: 'eth0' },
  ...{ vrid: 1, sinceMs: 0, basePriority: 100, tracks: [], transitions: [], peers, yielding: false },
});
const peer = (change: Partial<Peer> = {}): Peer => ({
  ...{ node: 'b', revision: 'abc', inSync: true, healthy: true, leaves: false, isHeard: true, ageMs: 40 },
  ...{ isOtherRevision: false, instances: [{ name: 'one', state: 'backup', priority: 90 }] },
  ...change,
});
const path = (carries: boolean, address = '10.1.0.2') => ({
  ...{ local: '10.1.0.1', peer: address, carries, ageMs: 40, fault: undefined },
});
const pair = (
  said: Peer | undefined,
  instances: readonly Instance[] = [router('one', 'active')],
): Cluster => ({
  ...{ maintenance: false, instances },
  heartbeat: {
    ...{ node: 'a', revision: 'abc', link: 'together', inSync: true, peer: said },
    paths: [path(true), path(false, '10.2.0.2')],
  },
});

test('console nodes: both of a pair, each with what it says, and the addresses that their names mean', () => {
  const [own, other, ...more] = nodesOf(pair(peer()));
  assert.deepEqual(more, []);
  assert.deepEqual([own?.name, own?.reach, own?.routers[0]?.state], ['a', 'own', 'active']);
  assert.deepEqual([other?.name, other?.reach, other?.routers[0]?.state], ['b', 'heard', 'backup']);
  assert.deepEqual(other?.routers[0]?.addresses, ['10.0.0.3/24']);
  assert.deepEqual(other?.paths, { carrying: 1, all: 2 });
});

test('console nodes: one that ends, falls silent, was never heard, or has another configuration is shown so', () => {
  const reach = (said: Peer | undefined) => nodesOf(pair(said))[1]?.reach;
  assert.equal(reach(peer({ leaves: true })), 'ended');
  assert.equal(reach(peer({ isHeard: false, ageMs: 9000 })), 'silent');
  assert.equal(reach(undefined), 'unmet');
  const [, other] = nodesOf(pair(peer({ isOtherRevision: true, healthy: false })));
  assert.deepEqual([other?.isOtherRevision, other?.isHealthy], [true, false]);
});

test('console nodes: two that say to have an address are told; what a silent one said once is no claim', () => {
  const both = [{ name: 'one', state: 'active', priority: 90 }];
  const claims = (said: Peer) => nodesOf(pair(said)).map(({ routers }) => routers[0]?.isContested);
  assert.deepEqual(claims(peer({ instances: both })), [true, true]);
  assert.deepEqual(claims(peer({ instances: both, isHeard: false })), [false, false]);
});

test('console nodes: routers that only VRRP tells of are nodes too; the one that sends heartbeats is not shown twice', () => {
  const heard = (address: string, ageMs: number, stopped = false) => ({
    ...{ address, priority: 120, intervalMs: 1000, ageMs, stopped },
  });
  const routers = [
    router('one', 'backup', [heard('10.1.0.2', 100), heard('10.1.0.3', 300), heard('10.1.0.4', 90_000)]),
    router('three', 'backup', [heard('10.1.0.3', 200), heard('10.1.0.5', 100, true)]),
  ];
  const strangersOf = (cluster: Cluster) =>
    nodesOf(cluster)
      .filter(({ name, reach }) => reach !== 'own' && name !== 'b')
      .map(one => [one.name, one.reach, one.routers.map(({ name, state }) => `${name} ${state}`)]);
  const alone = { ...pair(undefined, routers), heartbeat: undefined };
  assert.deepEqual(strangersOf(alone), [
    ['10.1.0.2', 'heard', ['one active']],
    ['10.1.0.3', 'heard', ['one active', 'three active']],
    ['10.1.0.4', 'quiet', ['one unknown']],
    ['10.1.0.5', 'quiet', ['three unknown']],
  ]);
  const third = ['10.1.0.3', 'heard', ['one active', 'three active']];
  assert.deepEqual(strangersOf(pair(peer(), routers)), [third], 'one that is quiet may be the other node');
  const active = [{ name: 'one', state: 'active', priority: 120 }];
  assert.deepEqual(
    strangersOf(pair(peer({ instances: active }), routers)),
    [['10.1.0.3', 'heard', ['three active']]],
    'by an address of its own the other node says what it says by heartbeats',
  );
});
