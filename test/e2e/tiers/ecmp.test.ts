/** Several directors at once: whatever becomes of one, what goes on goes on, and what begins begins. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { Ecmp, REALS } from './ecmp.ts';
import type { Moat } from './tiers.ts';

const skip = programMissing() || labMissing('bird');
const LONG = 60;
const SHORT = 30;

const processOf = (director: Moat, name: RegExp): number =>
  director.processes().find(pid => name.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1')))!;

test('ECMP: connections outlive each way in which a director goes, and come back to it', {
  skip,
}, async t => {
  using site = new Ecmp();
  await site.start();
  const [first, second, third] = site.directors as [Moat, Moat, Moat];
  const isWhole = async () => {
    assert.equal(await site.client('ask'), LONG, 'long connections');
    assert.equal(await site.client(`fresh ${SHORT}`), SHORT, 'new connections');
    assert.equal(await site.client('ask'), LONG, 'long connections');
  };

  await t.test('flows spread over all of them', async () => {
    const before = site.packets();
    assert.equal(await site.client(`open ${LONG}`), LONG);
    for (const [at, count] of site.packets().entries())
      assert.ok(count - before[at]! >= 12, `director ${at}`);
  });

  await t.test('a cut wire: BFD tells the router', async () => {
    first.host.do('ip link set eth0 down');
    assert.equal(await site.client('ask'), LONG);
    await site.ways([1, 2]);
    await isWhole();
    // It has the address again when it knows all real servers again, and not in between.
    await until(() => /has lost its quorum/.test(first.log), 'the end of its view');
    first.host.do('ip link set eth0 up');
    first.host.do('ip route add default via 10.1.0.254');
    await site.ways([0, 1, 2]);
    await isWhole();
  });

  await t.test(
    'real servers that one director cannot reach: it withdraws, and takes part again',
    async () => {
      for (const real of REALS) second.host.do(`ip route add blackhole ${real}/32`);
      await site.ways([0, 2]);
      await isWhole();
      for (const real of REALS) second.host.do(`ip route del blackhole ${real}/32`);
      await site.ways([0, 1, 2]);
      await isWhole();
    },
  );

  await t.test('maintenance withdraws', async () => {
    await third.vrrp('maintenance', 'on', 'new memory', '--yes');
    await site.ways([0, 1]);
    await isWhole();
    await third.vrrp('maintenance', 'off', '--yes');
    await site.ways([0, 1, 2]);
    assert.match((await third.vrrp('failover', '--yes')).stderr, /there is no election/);
    assert.match(
      (await third.vrrp('explain')).stdout,
      /has the addresses while nothing that it tracks fails/,
    );
    await isWhole();
  });

  await t.test('the L4 process killed: the kernel forwards', async () => {
    await first.says(/the L4 process is started anew/, () =>
      process.kill(processOf(first, /l4\/process/), 'SIGKILL'),
    );
    await isWhole();
  });

  await t.test('the cluster process killed: withdrawn, and announced by the next one', async () => {
    await second.says(/given up in its stead: ANYCAST.*initialize to active/s, () =>
      process.kill(processOf(second, /cluster\/process/), 'SIGKILL'),
    );
    await site.ways([0, 1, 2]);
    await isWhole();
  });

  await t.test('all of moat killed: the kernel takes the address away', async () => {
    const pids = third.processes();
    assert.ok(pids.length >= 3, `${pids.length} processes`);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(() => third.processes().length === 0, 'the end of all of them');
    await site.ways([0, 1]);
    await isWhole();
  });
});
