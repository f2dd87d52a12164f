/** Sentinels are told to give the master another place, under requests. */
import { test } from 'node:test';
import { until } from '../../e2e/rig.ts';
import { endAll, failOver, urls } from './redis-failover.ts';
import { type Redis, skip, startRedis, startSentinels } from './redis-rig.ts';
import { KEY } from './two-moats.ts';

test('redis sentinel: a master that is only given another place is left, and one Sentinel is enough', {
  skip,
}, async () => {
  const master = await startRedis();
  const replica = await startRedis({ words: ['--replicaof', '127.0.0.1', `${master.port}`] });
  const sentinels = await startSentinels(master.port, 3);
  try {
    const knows = ({ ask }: Redis) =>
      ask('SENTINEL', 'replicas', 'shop').match(/master-link-status\nok/g)?.length === 1 &&
      ask('SENTINEL', 'sentinels', 'shop').match(/^name$/gm)?.length === 2;
    await until(() => sentinels.every(knows), 'the Sentinels to know all', 120_000);
    const [gone, ...rest] = sentinels;
    gone!.signal('SIGKILL');
    await failOver(
      `session_store sentinel shop { ${urls(sentinels)} key "${KEY}"; }`,
      () => rest[0]!.ask('SENTINEL', 'FAILOVER', 'shop'),
      [master, replica],
    );
  } finally {
    await endAll([...sentinels, master, replica]);
  }
});
