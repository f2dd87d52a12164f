/** Partitions of two nodes in namespaces, with witnesses that are real, and without one: who has the address, told by the kernel at each change. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../../kit/monotonic.ts';
import { numberOf, readExposition } from '../../l7/metrics/exposition.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { assertSole, type Owner, sharedMs } from '../owner.ts';
import { Site, WITNESS } from './site.ts';

const skip = labMissing('etcd', 'redis-server', 'nft', 'curl');
const ETCD = `witness etcd http://${WITNESS}:2379 ttl=3s;`;
const REDIS = `witness redis redis://${WITNESS}:6379 ttl=3s;`;
/** Some timeouts. */
const WHILE_MS = 1500;
/** Longer than a lease of the witness, and than the kernel keeps an address. */
const LONG_MS = 5000;

/** Both are watched by programs of their own, which tell what the kernel told them: so late at most. */
const WATCH_MS = 10;

function assertNeverTwo(a: Owner, b: Owner, sinceMs: number): void {
  const ms = sharedMs(a, b, sinceMs);
  tell('two owners, as far as it can be seen', ms);
  assert.ok(ms < WATCH_MS, `both had it for ${ms} ms`);
}

const tell = (what: string, ms: number) => process.stderr.write(`# ${what}: ${Math.round(ms)} ms\n`);

describe('a pair with heartbeats', { skip, concurrency: 1 }, () => {
  test('one path of two is cut, though it is that of VRRP: nothing moves', async t => {
    const site = new Site(t);
    const { below, a, b } = await site.start('');
    site.cut('net');
    await below.says(/the path 10\.77\.0\.2 to 10\.77\.0\.1 is silent/);
    await assertSole(a, [b], WHILE_MS);
    const { stdout } = await below.run('cluster', 'status');
    assert.match(stdout, /path +10\.77\.0\.2 to 10\.77\.0\.1: silent/);
    assert.match(stdout, /path +10\.78\.0\.2 to 10\.78\.0\.1: carries/);
    assert.match(stdout, /peer +lb1: alive, .* the same configuration/);
    assert.match((await below.run('vrrp', 'status')).stdout, /barred +lb1 says by another path/);
    site.heal('net');
    await below.says(/the path 10\.77\.0\.2 to 10\.77\.0\.1 carries again/);
    await assertSole(a, [b], WHILE_MS);
  });

  test('a partition without a witness: both have it, and one when it is over, with a report of both sides', async t => {
    const site = new Site(t);
    const { above, below, a, b } = await site.start('');
    site.cut('net', 'neth1');
    await b.becomes(true);
    assert.ok(a.hasNow);
    await above.says(/lb2 is silent by all paths/);
    const healedMs = monotonicMs();
    site.heal('net', 'neth1');
    await b.becomes(false);
    tell('two owners after the partition healed, without a witness', sharedMs(a, b, healedMs));
    await above.says(/a partition is over: lb1 heard nothing/);
    await above.says(/the same by the other side: lb2 heard nothing/);
    await below.says(/the same by the other side: lb1 heard nothing/);
    await assertSole(a, [b], WHILE_MS);
    const { stdout } = await below.run('cluster', 'incidents');
    assert.match(stdout, /^lb2 heard nothing for \d+ ms/);
    assert.match(stdout, /\n {2}lb1 heard nothing for \d+ ms/);
  });

  test('a partition without a witness ends by one path, and VRRP is cut still: who keeps the address announces it again', async t => {
    const site = new Site(t);
    const { below, a, b } = await site.start('', 'announce delay=0;');
    site.cut('net', 'neth1');
    await b.becomes(true);
    const capture = await site.pair.hosts[0].capture('eth0', `arp and src host ${site.pair.vip}`);
    site.heal('neth1');
    await b.becomes(false);
    await below.says(/active to backup: lb1 is active, too, with priority 150, and this node has 100/);
    await capture.packet(/who-has|is-at/);
    await assertSole(a, [b], WHILE_MS);
  });

  for (const [name, lines] of [
    ['etcd', ETCD],
    ['redis', REDIS],
  ] as const)
    test(`a partition with ${name}: never two, and whoever had it keeps it`, async t => {
      const site = new Site(t);
      await site[name]();
      const { above, a, b } = await site.start(lines);
      const sinceMs = monotonicMs();
      site.cut('net', 'neth1');
      await above.says(new RegExp(`${name} .* grants the right to the addresses to this node`));
      await sleep(LONG_MS);
      a.assertSteady(true, sinceMs);
      b.assertSteady(false, sinceMs);
      site.heal('net', 'neth1');
      await above.says(/a partition is over/);
      await assertSole(a, [b], WHILE_MS);
      assertNeverTwo(a, b, sinceMs);
    });

  test('the active node is cut off from the other one and from the witness: it gives up, then the other one takes over', async t => {
    const site = new Site(t);
    await site.etcd();
    const { above, below, a, b } = await site.start(ETCD);
    const cutMs = monotonicMs();
    site.pair.hosts[0].do('nft add table inet cut');
    site.pair.hosts[0].do('nft add chain inet cut in { type filter hook input priority 0 ; policy drop ; }');
    site.pair.hosts[0].do(
      'nft add chain inet cut out { type filter hook output priority 0 ; policy drop ; }',
    );
    tell('released after', (await a.becomes(false)) - cutMs);
    tell('taken over after', (await b.becomes(true)) - cutMs);
    await above.says(/active to backup: lb2 does not say that it hears this one/);
    const healedMs = monotonicMs();
    site.pair.hosts[0].do('nft delete table inet cut');
    tell('back after', (await a.becomes(true)) - healedMs);
    await b.becomes(false);
    await below.says(/active to backup: it hands over to lb1, of priority 150/);
    await assertSole(a, [b], WHILE_MS);
    assertNeverTwo(a, b, cutMs);
  });

  test('nothing gets from the active node to the other one, without a witness: the other one takes over, and it gives way', async t => {
    const site = new Site(t);
    const { above, below, a, b } = await site.start('');
    const cutMs = monotonicMs();
    const [host] = site.pair.hosts;
    host.do('nft add table inet cut');
    host.do('nft add chain inet cut out { type filter hook output priority 0 ; }');
    host.do('nft add rule inet cut out ip daddr { 224.0.0.18, 10.77.0.2, 10.78.0.2 } drop');
    tell('taken over after', (await b.becomes(true)) - cutMs);
    await a.becomes(false);
    await above.says(/active to backup: lb2 is active, too, and does not hear this node/);
    tell('two owners', sharedMs(a, b, cutMs));
    await assertSole(b, [a], WHILE_MS);
    host.do('nft delete table inet cut');
    await a.becomes(true);
    await below.says(/active to backup: it hands over to lb1, of priority 150/);
    await b.becomes(false);
    await assertSole(a, [b], WHILE_MS);
  });

  test('nothing gets from the active node to the other one: with a witness never two', async t => {
    const site = new Site(t);
    await site.etcd();
    const { above, a, b } = await site.start(ETCD);
    const cutMs = monotonicMs();
    const [host] = site.pair.hosts;
    host.do('nft add table inet cut');
    host.do('nft add chain inet cut out { type filter hook output priority 0 ; }');
    host.do('nft add rule inet cut out ip daddr { 224.0.0.18, 10.77.0.2, 10.78.0.2 } drop');
    await above.says(/lb2 does not hear this node by any path/);
    await sleep(LONG_MS);
    assertNeverTwo(a, b, cutMs);
    assert.ok(a.hasNow !== b.hasNow, 'one of them has it');
    host.do('nft delete table inet cut');
    await above.says(/a partition is over: lb1 was not heard/);
    await a.becomes(true);
    await b.becomes(false);
    assertNeverTwo(a, b, cutMs);
  });

  test('the witness is dead while the nodes hear each other: nothing happens; and cut off then: nobody has it', async t => {
    const site = new Site(t);
    const { a, b } = await site.start(ETCD); // there is none
    await assertSole(a, [b], WHILE_MS);
    const cutMs = monotonicMs();
    site.cut('net', 'neth1');
    tell('released after', (await a.becomes(false)) - cutMs);
    await sleep(WHILE_MS);
    assert.ok(!a.hasNow && !b.hasNow);
    site.heal('net', 'neth1');
    await a.becomes(true);
    assertNeverTwo(a, b, cutMs);
  });

  test('the gateway as a witness: the active node that is cut off from all gives up, and the other one, which reaches it, takes over', async t => {
    const site = new Site(t);
    for (const host of site.pair.hosts) host.do(`ip route add default via ${WITNESS}`);
    // The second of the neighbours is not there.
    const { above, a, b } = await site.start(`witness reach 2 gateway ${WITNESS} 10.79.0.77;`);
    site.pair.hosts[0].do('ip link set eth2 down');
    await assertSole(a, [b], WHILE_MS);
    const cutMs = monotonicMs();
    site.cut('net', 'neth1');
    tell('released after', (await a.becomes(false)) - cutMs);
    tell('taken over after', (await b.becomes(true)) - cutMs);
    await above.says(/0 of 3 can be reached, and 2 must be/);
    await assertSole(b, [a], WHILE_MS);
    site.heal('net', 'neth1');
    await a.becomes(true);
    await b.becomes(false);
    assertNeverTwo(a, b, cutMs);
  });

  test('all processes of the active node are stopped: the kernel takes its address away before the other one has it', async t => {
    const site = new Site(t);
    await site.etcd();
    const { above, a, b } = await site.start(ETCD);
    const { controlPid, clusterPid } = await above.pids();
    const sinceMs = monotonicMs();
    for (const pid of [controlPid, clusterPid]) process.kill(pid, 'SIGSTOP');
    tell('gone after', (await a.becomes(false)) - sinceMs);
    tell('taken over after', (await b.becomes(true)) - sinceMs);
    for (const pid of [clusterPid, controlPid]) process.kill(pid, 'SIGCONT');
    const wokenMs = monotonicMs();
    tell('back after', (await a.becomes(true)) - wokenMs);
    await b.becomes(false);
    await assertSole(a, [b], WHILE_MS);
    assertNeverTwo(a, b, sinceMs);
  });

  test('the cluster process of the active node is killed: the other one takes over at once, and gives it back', async t => {
    const site = new Site(t);
    await site.etcd();
    const { above, a, b } = await site.start(ETCD);
    const { clusterPid } = await above.pids();
    const sinceMs = monotonicMs();
    process.kill(clusterPid, 'SIGKILL');
    tell('taken over after', (await b.becomes(true)) - sinceMs);
    tell('back after', (await a.becomes(true)) - sinceMs);
    await b.becomes(false);
    await assertSole(a, [b], WHILE_MS);
    assertNeverTwo(a, b, sinceMs);
  });

  test('metrics tell of paths, the other node and the witness, before and while nobody is heard', async t => {
    const site = new Site(t);
    await site.redis();
    const { above } = await site.start(REDIS);
    const scrape = async () => {
      const { stdout, stderr } = await above.run('metrics');
      assert.notEqual(stdout, '', stderr);
      const found = readExposition(stdout);
      return (sample: string) => numberOf(found, `moat_cluster_${sample}`);
    };
    const witness = `witness="redis ${WITNESS}:6379"`;
    const well = await scrape();
    assert.equal(well('link{link="together"}'), 1);
    assert.equal(well('peer_heard'), 1);
    assert.equal(well('peer_healthy'), 1);
    assert.equal(well('peer_other_revision'), 0);
    assert.equal(well('must_release'), 0);
    assert.equal(well('path_carries{local="10.77.0.1",peer="10.77.0.2"}'), 1);
    assert.equal(well(`witness_granted{${witness}}`), 0);
    assert.equal(well('partitions_total'), 0);
    site.cut('net', 'neth1');
    await until(async () => (await scrape())(`witness_granted{${witness}}`) === 1, 'the grant on the page');
    const cut = await scrape();
    assert.equal(cut('link{link="apart"}'), 1);
    assert.equal(cut('peer_heard'), 0);
    assert.equal(cut('path_carries{local="10.78.0.1",peer="10.78.0.2"}'), 0);
    assert.equal(cut('partitions_total'), 1);
    assert.ok(cut(`witness_granted_seconds{${witness}}`) > 0);
    assert.ok(cut(`witness_answers_total{${witness},answer="granted"}`) >= 1);
  });

  test('another configuration: it is told, and does not preempt', async t => {
    const site = new Site(t);
    const { above, below, a, b } = await site.start('');
    await above.end('SIGTERM');
    await b.becomes(true);
    below.reconfigure(text => text.replace('vrid 51;', 'vrid 51; virtual_address 10.77.0.101/24;'));
    below.reload();
    await below.says(/configuration 2 is in force/);
    above.start();
    await below.says(/lb1 has another configuration than this node/);
    await assertSole(b, [a], WHILE_MS);
    await until(async () => (await above.run('cluster', 'status')).status === 0, 'moat to answer');
    assert.match((await above.run('cluster', 'status')).stdout, /! another configuration: [0-9a-f]{12}/);
    below.reconfigure(text => text.replace(' virtual_address 10.77.0.101/24;', ''));
    below.reload();
    await a.becomes(true);
    await b.becomes(false);
  });
});
