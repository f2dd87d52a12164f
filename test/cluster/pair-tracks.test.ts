/** Two nodes of moat: sync groups, tracks, and reloads. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../kit/monotonic.ts';
import { labMissing, until } from '../lab/lab.ts';
import { bothOf, WHILE_MS } from './both-of.ts';
import { newPair } from './new-pair.ts';
import { assertSole } from './owner.ts';
import { type Pair, V3 } from './pair.ts';

const skip = labMissing();
const AT_ONCE = 2;

/** With a second network, for `second()`. */
function groupedPair(t: TestContext): Pair {
  const pair = newPair(V3, t);
  pair.join('eth1', ['10.78.0.1/24', '10.78.0.2/24']);
  return pair;
}

/** A virtual router of the second network, in one group with the first one. */
const second = (priority: number) =>
  `vrrp_instance VI_2 { interface eth1; vrid 52; priority ${priority}; advert_interval 100ms; virtual_address 10.78.0.100/24; }
   sync_group G { members VI_1 VI_2; }`;

describe('sync groups and tracks of two nodes of moat', { skip, concurrency: AT_ONCE }, () => {
  test('a sync group moves as one, for a fault of one member', async t => {
    const pair = groupedPair(t);
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

  test('failover of one member gives the whole sync group away, and each member stays away until it is said again', async t => {
    const pair = groupedPair(t);
    const [a, b] = pair.owners;
    const above = pair.moat('priority 150; advert_interval 100ms;', { around: second(150) }).start();
    const below = pair.moat('priority 100; advert_interval 100ms;', { at: 1, around: second(100) }).start();
    await below.says(/VI_2: initialize to backup/);
    await a.becomes(true);
    await b.becomes(false);
    const given = await above.run('vrrp', 'failover', 'VI_2', '--yes');
    assert.match(given.stdout, /VI_1: given away.*VI_2: given away/s);
    await b.becomes(true);
    await a.becomes(false);
    const yields = async () =>
      (await above.run('vrrp', 'status')).stdout.match(/given away by command/g)?.length;
    assert.equal(await yields(), 2);
    await assertSole(b, [a], WHILE_MS);
    const back = await above.run('vrrp', 'failover', 'VI_1');
    assert.match(back.stdout, /VI_1: it may be taken back.*VI_2: it may be taken back/s);
    await a.becomes(true);
    await b.becomes(false);
    assert.equal(await yields(), undefined);
  });

  test('a sync group of a node that died is taken over as one: no member waits for another interval', async t => {
    const pair = groupedPair(t);
    const above = pair.moat('priority 150; advert_interval 100ms;', { around: second(150) }).start();
    await above.says(/VI_2: backup to active/);
    const below = pair.moat('priority 100; advert_interval 100ms;', { at: 1, around: second(100) }).start();
    await until(async () => {
      const { stdout } = await below.run('vrrp', 'status');
      return stdout.match(/heard +/g)?.length === 2;
    }, 'both members to be heard');
    await above.crash();
    await pair.owners[1].becomes(true);
    await below.says(/VI_[12]: backup to active: the active router was silent/);
    await below.says(/VI_[12]: backup to active: with VI_[12] of its group/);
  });

  test('a path of a sync group that is cut moves nothing while another path carries', async t => {
    const pair = groupedPair(t);
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
    const told = /moat_vrrp_state\{vrrp_instance="VI_1",interface="eth0",vrid="51",state="active"\} 1/;
    await until(async () => {
      const { stdout } = await pair.hosts[0].run('curl', '-s', 'http://127.0.0.1:8080/metrics');
      return told.test(stdout) && /moat_vrrp_adverts_total\{.*direction="sent"\} [1-9]/.test(stdout);
    }, 'the metrics page to tell of it');
  });

  test('tracks: a node that is worn out goes down step by step, until the other one has a greater priority', async t => {
    const pair = newPair(V3, t);
    const [a, b] = pair.owners;
    const { above } = await bothOf(pair);
    // Every machine has so much memory in use.
    above.reconfigure(text =>
      text.replace('priority 150;', 'priority 150; track health memory=1%-2% cpu=off lag=off weight=-60;'),
    );
    above.reload();
    await b.becomes(true);
    await a.becomes(false);
    await above.says(/its priority is 90 now/);
    const { stdout } = await above.run('vrrp', 'explain');
    assert.match(stdout, /Its priority is 90 = 150 -60 \(health\)/);
    assert.match(stdout, /health is not well: memory \d+ %, errors 0 %: 4 of 4 steps down, adds -60/);
    await assertSole(b, [a], WHILE_MS);
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
});
