/** A cluster loses the node that has what the moats share, under requests. */
import { test } from 'node:test';
import { endAll, failOver, urls } from './redis-failover.ts';
import { skip, startCluster } from './redis-rig.ts';
import { KEY } from './two-moats.ts';

test('redis cluster: the node that has the slot is found, and the one that has it after its death', {
  skip,
}, async () => {
  const nodes = await startCluster();
  try {
    await failOver(
      `session_store cluster { ${urls(nodes.slice(0, 2))} key "${KEY}"; }`,
      broken => broken.signal('SIGKILL'),
      nodes,
    );
  } finally {
    await endAll(nodes);
  }
});
