/** The right to the addresses as a lock, in a real Redis and a real etcd: who has it, who gives it back, and what a dead one leaves. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { newWitness, Refusal, type Witness } from '../../../cluster/witness/witness.ts';
import { monotonicMs } from '../../../kit/monotonic.ts';
import { freePorts, until } from '../../e2e/rig.ts';
import { skip as noRedis, startRedis } from '../../l7/store/redis-rig.ts';

const ETCD = '/usr/bin/etcd';
/** Longer than any machine needs for this. */
const TTL_MS = 600_000;
const forGood = new AbortController().signal;

/** Two nodes, and a later life of the first. */
async function assertLock(lifeOf: (node: string) => Witness): Promise<void> {
  const [first, second, reborn] = [lifeOf('lb1'), lifeOf('lb2'), lifeOf('lb1')];
  assert.ok((await first.ask()) > monotonicMs());
  assert.ok((await first.ask()) > monotonicMs(), 'it is renewed');
  await assert.rejects(second.ask(), /has granted it to lb1$/);
  await second.forfeit(forGood);
  await assert.rejects(second.ask(), /lb1$/, 'it is not for another node to give back');
  await first.giveBack();
  await second.ask();
  await assert.rejects(first.ask(), /lb2$/);
  await second.giveBack();

  await first.ask(); // and dies
  await reborn.forfeit(AbortSignal.abort());
  await assert.rejects(second.ask(), /lb1$/, 'a new life may have it by now');
  await reborn.forfeit(forGood);
  await second.ask();
  await second.giveBack();

  await first.ask(); // and dies
  await reborn.ask();
  await first.giveBack();
  await assert.rejects(second.ask(), /lb1$/, 'what comes late from an earlier life changes nothing');
}

test('a lock in Redis', { skip: noRedis }, async t => {
  const redis = await startRedis();
  t.after(() => redis[Symbol.asyncDispose]());
  const model = {
    type: 'redis',
    url: `redis://127.0.0.1:${redis.port}`,
    key: 'right',
    ttlMs: TTL_MS,
  } as const;
  await assertLock(node => newWitness(model, node, monotonicMs));

  redis.ask('FLUSHALL');
  const [first, second] = ['lb1', 'lb2'].map(node => newWitness(model, node, monotonicMs)) as [
    Witness,
    Witness,
  ];
  const untilMs = await first.ask(90_000);
  assert.ok(untilMs <= monotonicMs() + 90_000);
  const refusal = await second.ask().catch(fault => fault);
  assert.ok(refusal instanceof Refusal && refusal.leftMs! <= 90_000, 'it tells how long it lasts');
  await first.ask();
  assert.ok(Number(redis.ask('PTTL', 'right')) > 90_000, 'for longer when it is asked for longer');
  redis.ask('SET', 'right', 'lb1');
  await assert.rejects(second.ask(), /lb1$/, 'as a moat of before wrote it');
});

test('a lock in etcd', { skip: existsSync(ETCD) ? false : 'etcd is not installed' }, async t => {
  const { url, child, dir } = await startEtcd();
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  const model = { type: 'etcd', url, key: 'right', ttlMs: TTL_MS } as const;
  await assertLock(node => newWitness(model, node, monotonicMs));
});

async function startEtcd(): Promise<{ url: string; child: ChildProcess; dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'moat-etcd-'));
  const [url, peers] = (await freePorts(2)).map(port => `http://127.0.0.1:${port}`) as [string, string];
  const words = [
    ...['--data-dir', dir, '--unsafe-no-fsync', '--log-level', 'error'],
    ...['--listen-client-urls', url, '--advertise-client-urls', url],
    ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers],
    ...['--initial-cluster', `default=${peers}`],
  ];
  const child = spawn(ETCD, words, { stdio: 'ignore' });
  const isWell = async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok === true;
  await until(isWell, 'etcd to answer');
  return { url, child, dir };
}
