/** Two nodes of moat that share an address: what operators do, what fails, and what is to stay undisturbed. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../cluster/monotonic.ts';
import { labMissing, until } from '../lab/lab.ts';
import { newPair } from './new-pair.ts';
import { assertSole } from './owner.ts';
import type { Pair, Wiring } from './pair.ts';

const skip = labMissing();
const V3: Wiring = { version: 3, family: 4, unicast: false };
const AT_ONCE = 2;
/** Some Active_Down_Intervals at 100 ms. */
const WHILE_MS = 1500;

/** Both run, and host 0 has the address. */
async function bothOf(pair: Pair, lines = '', around = '') {
  const above = pair.moat(`priority 150; advert_interval 100ms; ${lines}`, { around }).start();
  const below = pair.moat(`priority 100; advert_interval 100ms; ${lines}`, { at: 1, around }).start();
  await below.says(/initialize to backup/);
  await pair.owners[0].becomes(true);
  await pair.owners[1].becomes(false);
  return { above, below };
}

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
    for (const pid of [controlPid, clusterPid]) process.kill(pid, 'SIGKILL');
    await b.becomes(true);
    await a.becomes(false);
    await assertSole(b, [a], WHILE_MS);
  });

  test('address_lease: while moat lives the address is renewed; off, it outlives moat', async t => {
    const pair = newPair(V3, t);
    const [a] = pair.owners;
    const moat = pair.moat('priority 150; advert_interval 100ms;').start();
    await a.becomes(true);
    await assertSole(a, [], 4000); // two leases
    moat.reconfigure(text => text.replace('priority 150;', 'priority 150; address_lease off;'));
    moat.reload();
    await moat.says(/configuration 2 is in force/);
    assert.match(pair.hosts[0].do('ip address show dev eth0'), /10\.77\.0\.100.*\n +valid_lft forever/);
    const { controlPid, clusterPid } = await moat.pids();
    for (const pid of [controlPid, clusterPid]) process.kill(pid, 'SIGKILL');
    await assertSole(a, [], 4000);
  });

  test('an IPv6 address is no source of connections that this host begins', async t => {
    const pair = newPair({ version: 3, family: 6, unicast: false }, t);
    pair.moat('priority 150; advert_interval 100ms;').start();
    await pair.owners[0].becomes(true);
    const shown = pair.hosts[0].do('ip -6 address show dev eth0 to 2001:db8:77::100');
    assert.match(shown, /deprecated/);
    // Of the two the virtual one has more bits in common with the other host's.
    pair.hosts[1].do('ip address add 2001:db8:77::101/64 dev eth0 nodad');
    assert.match(pair.hosts[0].do('ip -6 route get 2001:db8:77::101'), / src 2001:db8:77::1 /);
  });

  test('an address that somebody takes away is put back', async t => {
    const pair = newPair(V3, t);
    const { above } = await bothOf(pair);
    const sinceMs = monotonicMs();
    pair.hosts[0].do('ip address delete 10.77.0.100/24 dev eth0');
    await above.says(/somebody took its addresses away: they are put back/);
    await pair.owners[0].becomes(true);
    pair.owners[1].assertSteady(false, sinceMs);
  });

  test('a sync group moves as one, for a fault of one member', async t => {
    const pair = newPair(V3, t);
    pair.join('eth1', ['10.78.0.1/24', '10.78.0.2/24']);
    const second = (priority: number) =>
      `vrrp_instance VI_2 { interface eth1; vrid 52; priority ${priority}; advert_interval 100ms; virtual_address 10.78.0.100/24; }
       sync_group G { members VI_1 VI_2; }`;
    const above = pair.moat('priority 150; advert_interval 100ms;', { around: second(150) }).start();
    const below = pair.moat('priority 100; advert_interval 100ms;', { at: 1, around: second(100) }).start();
    await below.says(/VI_2: initialize to backup/);
    const [a, b] = pair.owners;
    await a.becomes(true);
    await b.becomes(false);
    const hasSecond = (at: 0 | 1) => pair.hosts[at].do('ip -4 address show dev eth1').includes('10.78.0.100');
    await until(() => hasSecond(0) && !hasSecond(1), 'the second address at the first node');
    pair.hosts[0].do('ip link set eth1 down');
    await b.becomes(true);
    await a.becomes(false);
    await until(() => hasSecond(1), 'the second address at the second node');
    await above.says(/VI_1: active to initialize: VI_2 of its group: the interface eth1 is down/);
    pair.hosts[0].do('ip link set eth1 up');
    await a.becomes(true);
    await b.becomes(false);
    await until(() => hasSecond(0) && !hasSecond(1), 'the second address back at the first node');
  });

  test('a path of a sync group that is cut moves nothing while another path carries', async t => {
    const pair = newPair(V3, t);
    pair.join('eth1', ['10.78.0.1/24', '10.78.0.2/24']);
    const second = (priority: number) =>
      `vrrp_instance VI_2 { interface eth1; vrid 52; priority ${priority}; advert_interval 100ms; virtual_address 10.78.0.100/24; }
       sync_group G { members VI_1 VI_2; }`;
    pair.moat('priority 150; advert_interval 100ms;', { around: second(150) }).start();
    const below = pair.moat('priority 100; advert_interval 100ms;', { at: 1, around: second(100) }).start();
    await below.says(/VI_2: initialize to backup/);
    await pair.owners[0].becomes(true);
    await pair.owners[1].becomes(false);
    pair.lab.onSwitch('ip link set neth1 down');
    await sleep(WHILE_MS);
    const explained = await below.run('vrrp', 'explain', 'VI_2');
    assert.match(explained.stdout, /VI_1 of its group still hears an active router/);
    await assertSole(pair.owners[0], [pair.owners[1]], WHILE_MS);
  });

  test('tracks: a script is a fault, a file weighs, and both are told', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    const well = pair.path('well');
    const weight = pair.path('weight');
    writeFileSync(well, '');
    const around = `vrrp_script up { script /usr/bin/test -e ${well}; interval 50ms; fall 2; user root; }`;
    const above = pair.moat(
      `priority 150; advert_interval 100ms; track script up; track file ${weight} weight=1;`,
      { around },
    );
    above.start();
    pair.moat('priority 100; advert_interval 100ms;', { at: 1 }).start();
    await a.becomes(true);
    rmSync(well);
    await b.becomes(true);
    await above.says(/active to initialize: track script up: exit code 1/);
    writeFileSync(well, '');
    await a.becomes(true);
    writeFileSync(weight, '-60\n');
    await b.becomes(true);
    await a.becomes(false);
    const explained = await above.run('vrrp', 'explain');
    assert.match(explained.stdout, /Its priority is 90 = 150 -60 \(file /);
    rmSync(weight);
    await a.becomes(true);
    await b.becomes(false);
  });

  test('tracks: an L7 tier that answers, and the metrics page that it serves', async t => {
    const pair = newPair(V3, t);
    const [a] = pair.owners;
    const above = pair.moat('priority 150; advert_interval 100ms; track l7;');
    above.reconfigure(
      text => `${text} http { server { listen 127.0.0.1:8080; location /metrics { metrics; } } }`,
    );
    above.start();
    await a.becomes(true);
    assert.match((await above.run('vrrp', 'status')).stdout, /track +l7 is well: 1 workers answer/);
    const told = /moat_vrrp_state\{instance="VI_1",interface="eth0",vrid="51",state="active"\} 1/;
    await until(async () => {
      const { stdout } = await pair.hosts[0].run('curl', '-s', 'http://127.0.0.1:8080/metrics');
      return told.test(stdout) && /moat_vrrp_advertisements_sent_total\{.*\} [1-9]/.test(stdout);
    }, 'the metrics page to tell of it');
  });

  test('a reload changes addresses and priority in place, and a faulty one nothing', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    const { above } = await bothOf(pair);
    const sinceMs = monotonicMs();
    above.reconfigure(text =>
      text.replace(
        'priority 150;',
        'priority 140; virtual_address 10.77.0.101/24; virtual_address 10.77.0.102;',
      ),
    );
    above.reload();
    await above.says(/configuration 2 is in force/);
    const shown = pair.hosts[0].do('ip -4 address show dev eth0');
    assert.match(shown, /10\.77\.0\.101\/24/);
    assert.match(shown, /10\.77\.0\.102\/32/);
    above.reconfigure(text =>
      text.replace('virtual_address 10.77.0.101/24;', '').replace('priority 140', 'priority 300'),
    );
    above.reload();
    await above.says(/the configuration in force stays/);
    above.reconfigure(text => text.replace('priority 300', 'priority 141'));
    above.reload();
    await above.says(/configuration 3 is in force/);
    assert.doesNotMatch(pair.hosts[0].do('ip -4 address show dev eth0'), /10\.77\.0\.101/);
    a.assertSteady(true, sinceMs);
    b.assertSteady(false, sinceMs);
    above.reconfigure(text => text.replace(/cluster \{.*\}/s, ''));
    above.reload();
    await a.becomes(false);
    await b.becomes(true);
    assert.doesNotMatch(pair.hosts[0].do('ip -4 address show dev eth0'), /10\.77\.0\.10[0-9]/);
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

  test('announcements: gratuitous ARP as keepalived sends it', async t => {
    const pair = newPair(V3, t);
    const capture = await pair.hosts[1].capture('eth0', 'arp');
    pair.moat('priority 150; advert_interval 100ms; announce repeat=3 delay=200ms;').start();
    await pair.owners[0].becomes(true);
    await until(
      () =>
        capture.lines.filter(line => /Request who-has 10\.77\.0\.100.* tell 10\.77\.0\.100/.test(line))
          .length >= 6,
      'six gratuitous ARP requests',
    );
  });

  test('announcements: unsolicited neighbour advertisements', async t => {
    const pair = newPair({ version: 3, family: 6, unicast: false }, t);
    const capture = await pair.hosts[1].capture('eth0', 'icmp6');
    pair.moat('priority 150; advert_interval 100ms; announce repeat=3 delay=200ms;').start();
    await pair.owners[0].becomes(true);
    const told = /2001:db8:77::100 > ff02::1: .*neighbor advertisement/;
    await until(
      () => capture.lines.filter(line => told.test(line)).length >= 6,
      'six neighbour advertisements',
    );
  });

  test('accept off: the address is there, its neighbours know it, and it takes no packet', async t => {
    const pair = newPair(V3, t);
    pair.moat('priority 150; advert_interval 100ms; accept off;').start();
    await pair.owners[0].becomes(true);
    const { status } = await pair.hosts[1].run('ping', '-c1', '-W1', '10.77.0.100');
    assert.notEqual(status, 0);
    assert.match(pair.hosts[1].do('ip neigh show 10.77.0.100'), /lladdr/);
    assert.equal((await pair.hosts[1].run('ping', '-c1', '-W5', '10.77.0.1')).status, 0);
  });

  test('two virtual routers of one interface: each node has one, and both when the other is gone', async t => {
    const pair = newPair(V3, t);
    const other = (priority: number) =>
      `vrrp_instance VI_2 { interface eth0; vrid 52; priority ${priority}; advert_interval 100ms; virtual_address 10.77.0.200/24; }`;
    pair.moat('priority 150; advert_interval 100ms;', { around: other(100) }).start();
    const second = pair.moat('priority 100; advert_interval 100ms;', { at: 1, around: other(150) }).start();
    const has = (at: 0 | 1) => pair.hosts[at].do('ip -4 address show dev eth0').includes('10.77.0.200');
    await pair.owners[0].becomes(true);
    await until(() => has(1) && !has(0), 'each node to have one');
    await second.end('SIGTERM');
    await until(() => has(0), 'the first node to have both');
    assert.ok(pair.owners[0].hasNow);
  });

  test('what an earlier life left is taken away at the start', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    pair.moat('priority 150; advert_interval 100ms;', { at: 1 }).start();
    await b.becomes(true);
    pair.hosts[0].do('ip address add 10.77.0.100/24 dev eth0');
    const below = pair.moat('priority 100; advert_interval 100ms;').start();
    await below.says(/10\.77\.0\.100\/24 was left here/);
    await a.becomes(false);
    await assertSole(b, [a], WHILE_MS);
  });
});
