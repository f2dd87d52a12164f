/** Sentinels name another master when theirs dies or hangs, under requests. */
import { test } from 'node:test';
import { until } from '../../e2e/rig.ts';
import { endAll, failOver, urls } from './redis-failover.ts';
import { type Redis, skip, startRedis, startSentinels } from './redis-rig.ts';
import { KEY } from './two-moats.ts';

for (const [how, signal] of [
  ['killed', 'SIGKILL'],
  ['hung', 'SIGSTOP'],
] as const)
  test(`redis sentinel: the master is ${how} under requests, and the next one is found`, {
    skip,
  }, async () => {
    const master = await startRedis();
    const words = ['--replicaof', '127.0.0.1', `${master.port}`];
    const replicas = [await startRedis({ words }), await startRedis({ words })];
    const sentinels = await startSentinels(master.port, 3);
    const all = [master, ...replicas];
    try {
      const knows = ({ ask }: Redis) =>
        ask('SENTINEL', 'replicas', 'shop').match(/master-link-status\nok/g)?.length === 2 &&
        ask('SENTINEL', 'sentinels', 'shop').match(/^name$/gm)?.length === 2;
      await until(() => sentinels.every(knows), 'the Sentinels to know all', 120_000);
      await failOver(
        `session_store sentinel shop { ${urls(sentinels)} key "${KEY}"; }`,
        broken => broken.signal(signal),
        all,
      );
    } finally {
      await endAll([...sentinels, ...all]);
    }
  });
