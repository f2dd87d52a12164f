/** Two nodes of moat that share an address: what operators do, and what fails. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { monotonicMs } from '../../kit/monotonic.ts';
import { labMissing, until } from '../lab/lab.ts';
import { bothOf, WHILE_MS } from './both-of.ts';
import { newPair } from './new-pair.ts';
import { assertSole } from './owner.ts';
import { V3 } from './pair.ts';

const skip = labMissing();
const AT_ONCE = 2;

describe('VRRP between two nodes of moat', { skip, concurrency: AT_ONCE }, () => {
  test('failover: the address is given away, stays there, and is taken back when it is said again', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    const { above } = await bothOf(pair);
    const unasked = await above.run('vrrp', 'failover');
    assert.equal(unasked.status, 1);
    assert.match(unasked.stderr, /Say --yes/);
    a.assertSteady(true, monotonicMs());

    const given = await above.run('vrrp', 'failover', '--yes');
    assert.match(given.stdout, /^VI_1: given away/, given.stderr);
    await b.becomes(true);
    await assertSole(b, [a], WHILE_MS);
    assert.match(
      (await above.run('vrrp', 'explain')).stdout,
      /So: it stays backup while 10\.77\.0\.2 speaks, for its place was given away/,
    );

    assert.match((await above.run('vrrp', 'failover')).stdout, /may be taken back/);
    await a.becomes(true);
    await b.becomes(false);
    const status = await above.run('vrrp', 'status');
    assert.match(status.stdout, /backup to active: it preempts 10\.77\.0\.2, of priority 100/);
    assert.match((await above.run('vrrp', 'status', '--json')).stdout, /"state":"active"/);
    assert.match((await above.run('status')).stdout, /VI_1 +active .* 150 +10\.77\.0\.100\/24/);
    const wrong = await above.run('vrrp', 'failover', 'VI_2', '--yes');
    assert.match(wrong.stderr, /there is no vrrp_instance VI_2/);
  });

  test('maintenance: it outlives a restart, and ends by command', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    const { above } = await bothOf(pair);
    const on = await above.run('vrrp', 'maintenance', 'on', 'new', 'disk', '--yes');
    assert.equal(on.status, 0, on.stderr);
    await b.becomes(true);
    await above.end('SIGTERM');
    above.start();
    await until(async () => (await above.run('vrrp', 'status')).status === 0, 'moat to answer');
    await assertSole(b, [a], WHILE_MS);
    assert.match(
      (await above.run('vrrp', 'explain')).stdout,
      /takes part in no election: maintenance: new disk/,
    );
    assert.equal((await above.run('vrrp', 'maintenance', 'off')).status, 0);
    await a.becomes(true);
    await b.becomes(false);
  });

  test('an interface that goes down, comes up, goes away and comes back', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    const { above } = await bothOf(pair);
    pair.hosts[0].do('ip link set eth0 down');
    await b.becomes(true);
    await above.says(/active to initialize: the interface eth0 is down/);
    await a.becomes(false);
    pair.hosts[0].do('ip link set eth0 up');
    await a.becomes(true);
    await b.becomes(false);
    pair.hosts[0].do('ip link delete eth0');
    await b.becomes(true);
    await above.says(/active to initialize: there is no interface eth0/);
    pair.lab.wire(pair.hosts[0], 'eth0', 'net', { addresses: ['10.77.0.1/24'] });
    await a.becomes(true);
    await b.becomes(false);
    await assertSole(a, [b], WHILE_MS);
  });

  test('killed at once, or stopped: another node takes over, and the kernel takes the address away here', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    const { above } = await bothOf(pair);
    const { controlPid, clusterPid } = await above.pids();
    for (const pid of [controlPid, clusterPid]) process.kill(pid, 'SIGSTOP');
    await b.becomes(true);
    await a.becomes(false);
    for (const pid of [controlPid, clusterPid]) process.kill(pid, 'SIGCONT');
    await a.becomes(true);
    await b.becomes(false);
    await above.crash();
    await b.becomes(true);
    await a.becomes(false);
    await assertSole(b, [a], WHILE_MS);
  });

  test('a new program that takes the place of the old one goes on, and nobody takes over', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    // Longer than a program takes to start on a busy machine.
    const around = 'vrrp_script well { script /usr/bin/true; }';
    const above = pair.moat('priority 150; advert_interval 5s; track script well;', { around }).start();
    pair.moat('priority 100; advert_interval 5s;', { at: 1 }).start();
    await a.becomes(true);
    const before = await above.pids();
    const sinceMs = monotonicMs();
    process.kill(before.controlPid, 'SIGUSR2');
    await above.says(/another process of this router left it/);
    await above.says(/ready: process \d+.*ready: process \d+/s);
    process.kill(before.controlPid, 'SIGQUIT');
    await above.says(/: exit\n/);
    assert.notEqual(above.controlPid, before.controlPid);
    a.assertSteady(true, sinceMs);
    b.assertSteady(false, sinceMs);
  });

  test('a process that was stopped for a while: it hears first, and takes its place again', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    const { above, below } = await bothOf(pair);
    const { clusterPid } = await above.pids();
    process.kill(clusterPid, 'SIGSTOP');
    await b.becomes(true);
    process.kill(clusterPid, 'SIGCONT');
    await b.becomes(false);
    a.assertSteady(true, monotonicMs());
    await below.says(/active to backup: 10\.77\.0\.1 has priority 150/);
  });

  test('without preemption a process that was stopped leaves the place to who took over', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    const above = pair.moat('priority 150; advert_interval 100ms; nopreempt;').start();
    await a.becomes(true);
    pair.moat('priority 100; advert_interval 100ms; nopreempt;', { at: 1 }).start();
    const { clusterPid } = await above.pids();
    process.kill(clusterPid, 'SIGSTOP');
    await b.becomes(true);
    process.kill(clusterPid, 'SIGCONT');
    await a.becomes(false);
    await above.says(/active to backup: it was paused for \d+ ms, and 10\.77\.0\.2 took over/);
    await assertSole(b, [a], WHILE_MS);
  });
});
