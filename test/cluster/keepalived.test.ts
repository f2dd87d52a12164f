/** Beside Debian's keepalived, in namespaces: each version, family and way of sending, in both roles. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { monotonicMs } from '../../kit/monotonic.ts';
import { labMissing } from '../lab/lab.ts';
import { newPair } from './new-pair.ts';
import { assertSole } from './owner.ts';
import type { Wiring } from './pair.ts';

const skip = labMissing('keepalived');
/** With an interval of 1 s and priority 100 others wait for 3.6 s, and for 0.6 s after priority 0. */
const PATIENCE_MS = 3610;
/** Within this nobody took over by waiting. */
const SOONER_MS = 2900;

const WIRINGS: readonly Wiring[] = [
  { version: 2, family: 4, unicast: false },
  { version: 2, family: 4, unicast: true },
  { version: 3, family: 4, unicast: false },
  { version: 3, family: 4, unicast: true },
  { version: 3, family: 6, unicast: false },
  { version: 3, family: 6, unicast: true },
];

const nameOf = ({ version, family, unicast }: Wiring) =>
  `version ${version}, IPv${family}, ${unicast ? 'unicast' : 'multicast'}`;

/** How long it took until another one had the address. */
function tell(t: TestContext, what: string, sinceMs: number, atMs: number): number {
  const tookMs = Math.round(atMs - sinceMs);
  t.diagnostic(`${what}: ${tookMs} ms`);
  return tookMs;
}

/** They wait for most of the time. */
const AT_ONCE = 4;

describe('VRRP beside keepalived', { skip, concurrency: AT_ONCE }, () => {
  for (const wiring of WIRINGS)
    test(`keepalived below moat: ${nameOf(wiring)}`, async t => {
      const pair = newPair(wiring, t);
      const [ours, theirs] = pair.owners;
      const keepalived = pair.keepalived('priority 100\n advert_int 1').start();
      await theirs.becomes(true);
      const moat = pair.moat('priority 150;').start();

      await ours.becomes(true);
      await theirs.becomes(false);
      await assertSole(ours, [theirs], PATIENCE_MS + 1500);

      let sinceMs = monotonicMs();
      await moat.end('SIGTERM');
      const tookMs = tell(t, 'takeover after SIGTERM', sinceMs, await theirs.becomes(true));
      assert.ok(tookMs < SOONER_MS, `priority 0 was not heard: ${tookMs} ms`);

      moat.start();
      await ours.becomes(true);
      await theirs.becomes(false);
      await assertSole(ours, [theirs], PATIENCE_MS);

      const { clusterPid, controlPid } = await moat.pids();
      sinceMs = monotonicMs();
      process.kill(clusterPid, 'SIGKILL');
      const crashMs = tell(t, 'takeover after kill -9 of the process', sinceMs, await theirs.becomes(true));
      assert.ok(crashMs < SOONER_MS, `nobody said priority 0: ${crashMs} ms`);
      await moat.says(/was ended by SIGKILL; given up in its stead: VI_1\n/);
      await ours.becomes(true);
      await theirs.becomes(false);

      sinceMs = monotonicMs();
      process.kill(controlPid, 'SIGKILL');
      const controlMs = tell(t, 'takeover after kill -9 of control', sinceMs, await theirs.becomes(true));
      assert.ok(controlMs < SOONER_MS, `nobody said priority 0: ${controlMs} ms`);
      await ours.becomes(false);
      assert.doesNotMatch(keepalived.output, /bad|invalid|mismatch|different|error/i);
    });

  for (const wiring of WIRINGS)
    test(`keepalived above moat: ${nameOf(wiring)}`, async t => {
      const pair = newPair(wiring, t);
      const [ours, theirs] = pair.owners;
      const moat = pair.moat('priority 100;').start();
      await ours.becomes(true);
      const keepalived = pair.keepalived('priority 150\n advert_int 1').start();
      await theirs.becomes(true);
      await ours.becomes(false);
      await assertSole(theirs, [ours], PATIENCE_MS + 1500);

      let sinceMs = monotonicMs();
      await keepalived.end('SIGTERM');
      const tookMs = tell(t, 'takeover after its SIGTERM', sinceMs, await ours.becomes(true));
      assert.ok(tookMs < SOONER_MS, `its priority 0 was not heeded: ${tookMs} ms`);

      keepalived.start();
      await theirs.becomes(true);
      await ours.becomes(false);
      sinceMs = monotonicMs();
      keepalived.crash();
      const silentMs = tell(t, 'takeover after its kill -9', sinceMs, await ours.becomes(true));
      assert.ok(silentMs >= 2000, `it did not wait: ${silentMs} ms`);
      assert.doesNotMatch(moat.log, /is dropped|advertises/);
    });

  test('keepalived with nopreempt stays below', async t => {
    const pair = newPair({ version: 3, family: 4, unicast: false }, t);
    const [ours, theirs] = pair.owners;
    pair.moat('priority 100;').start();
    await ours.becomes(true);
    pair.keepalived('priority 150\n advert_int 1\n nopreempt').start();
    await assertSole(ours, [theirs], 2 * PATIENCE_MS);
  });

  test('keepalived with preempt_delay takes over when it is over', async t => {
    const pair = newPair({ version: 3, family: 4, unicast: false }, t);
    const [ours, theirs] = pair.owners;
    pair.moat('priority 100;').start();
    await ours.becomes(true);
    const sinceMs = monotonicMs();
    pair.keepalived('priority 150\n advert_int 1\n preempt_delay 8').start();
    const tookMs = tell(t, 'takeover with preempt_delay 8', sinceMs, await theirs.becomes(true));
    await ours.becomes(false);
    assert.ok(tookMs > 7500, `after ${tookMs} ms`);
  });

  test('moat with nopreempt stays below keepalived, and with preempt_delay for so long', {
    skip,
    concurrency: true,
  }, async t => {
    const pair = newPair({ version: 3, family: 4, unicast: false }, t);
    const [ours, theirs] = pair.owners;
    pair.keepalived('priority 100\n advert_int 1').start();
    await theirs.becomes(true);
    const moat = pair.moat('priority 150; nopreempt;').start();
    await moat.says(/initialize to backup/);
    await assertSole(theirs, [ours], PATIENCE_MS + 1000);
    await moat.end('SIGTERM');
    moat.reconfigure(text => text.replace('nopreempt;', 'preempt_delay 5s;'));
    moat.start();
    await moat.says(/initialize to backup.*initialize to backup/s);
    const sinceMs = monotonicMs();
    const tookMs = tell(t, 'takeover with preempt_delay 5s', sinceMs, await ours.becomes(true));
    await theirs.becomes(false);
    assert.ok(tookMs > 4500, `after ${tookMs} ms`);
  });

  test('keepalived with a password: version 2 takes it, and another one is dropped', {
    skip,
    concurrency: true,
  }, async t => {
    const pair = newPair({ version: 2, family: 4, unicast: false }, t);
    const [ours, theirs] = pair.owners;
    pair
      .keepalived('priority 100\n advert_int 1\n authentication {\n auth_type PASS\n auth_pass secret\n }')
      .start();
    await theirs.becomes(true);
    const moat = pair.moat('priority 150; password secret;').start();
    await ours.becomes(true);
    await theirs.becomes(false);
    await assertSole(ours, [theirs], PATIENCE_MS);
    await moat.end('SIGTERM');
    await theirs.becomes(true);
    moat.reconfigure(text => text.replace('password secret;', 'password other;'));
    moat.start();
    await moat.says(/10\.77\.0\.2 is dropped: its password is another/);
  });
});
