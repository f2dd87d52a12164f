/** Beside FRR's vrrpd, which is of other makers than keepalived: version 3, IPv4 and IPv6, in both roles. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../kit/monotonic.ts';
import { labMissing } from '../lab/lab.ts';
import { Frr } from './frr.ts';
import { newPair } from './new-pair.ts';

const skip = labMissing() || (!existsSync('/usr/lib/frr/vrrpd') && 'needs vrrpd of FRR');
/** With an interval of 1 s and priority 100 others wait for 3.6 s, and for 0.6 s after priority 0. */
const PATIENCE_MS = 3610;
const SOONER_MS = 2900;

function tell(t: TestContext, what: string, sinceMs: number, atMs: number): number {
  const tookMs = Math.round(atMs - sinceMs);
  t.diagnostic(`${what}: ${tookMs} ms`);
  return tookMs;
}

describe('VRRP beside FRR', { skip, concurrency: 2 }, () => {
  for (const family of [4, 6] as const) {
    test(`FRR below moat: IPv${family}`, async t => {
      const pair = newPair({ version: 3, family, unicast: false }, t);
      const [ours] = pair.owners;
      const frr = new Frr(pair, 1, ['priority 100']).start();
      await frr.becomes('Master');
      const moat = pair.moat('priority 150;').start();
      await ours.becomes(true);
      await frr.becomes('Backup');
      let sinceMs = monotonicMs();
      await sleep(PATIENCE_MS + 1500);
      ours.assertSteady(true, sinceMs);
      frr.assertSteady('Backup', sinceMs);

      sinceMs = monotonicMs();
      await moat.end('SIGTERM');
      const tookMs = tell(t, 'takeover after SIGTERM', sinceMs, await frr.becomes('Master'));
      assert.ok(tookMs < SOONER_MS, `priority 0 was not heard: ${tookMs} ms\n${frr.log}`);

      moat.start();
      await ours.becomes(true);
      await frr.becomes('Backup');
      const { clusterPid } = await moat.pids();
      sinceMs = monotonicMs();
      process.kill(clusterPid, 'SIGKILL');
      const crashMs = tell(t, 'takeover after kill -9 of the process', sinceMs, await frr.becomes('Master'));
      assert.ok(crashMs < SOONER_MS, `nobody said priority 0: ${crashMs} ms\n${frr.log}`);
      await frr.becomes('Backup');
      assert.doesNotMatch(frr.log, /mismatch|invalid|malformed|dropp|checksum/i);
    });

    test(`FRR above moat: IPv${family}`, async t => {
      const pair = newPair({ version: 3, family, unicast: false }, t);
      const [ours] = pair.owners;
      const moat = pair.moat('priority 100;').start();
      await ours.becomes(true);
      const frr = new Frr(pair, 1, ['priority 150']).start();
      await frr.becomes('Master');
      await ours.becomes(false);
      let sinceMs = monotonicMs();
      await sleep(PATIENCE_MS + 1500);
      ours.assertSteady(false, sinceMs);
      frr.assertSteady('Master', sinceMs);

      sinceMs = monotonicMs();
      await frr.end('SIGTERM');
      const tookMs = tell(t, 'takeover after its SIGTERM', sinceMs, await ours.becomes(true));
      assert.ok(tookMs < SOONER_MS, `its priority 0 was not heeded: ${tookMs} ms`);
      frr.start();
      await frr.becomes('Master');
      await ours.becomes(false);
      sinceMs = monotonicMs();
      await frr.end('SIGKILL');
      const silentMs = tell(t, 'takeover after its kill -9', sinceMs, await ours.becomes(true));
      assert.ok(silentMs >= 2000, `it did not wait: ${silentMs} ms`);
      assert.doesNotMatch(moat.log, /is dropped|advertises/);
    });
  }
});
