/**
 * What keeping flows in step costs, in the lab: two directors, UDP flows of nat that begin at a steady rate, and the time that the
 * threads of both took. `node bench/flow-sync.ts [FLOWS_A_SECOND] [SECONDS]`, as root.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncPair } from '../test/l4/sync/pair.ts';

const [rate = 1000, seconds = 10] = process.argv.slice(2).map(Number);

await using pair = new SyncPair({ mode: 'nat' });
await pair.serve();
await pair.start(1);
await pair.start(0);
await Promise.all([pair.isInStep(0), pair.isInStep(1)]);

async function cost(forMs: number, act: () => Promise<unknown>) {
  const before = await Promise.all([pair.sync(0), pair.sync(1)]);
  const beganMs = performance.now();
  await Promise.all([act(), sleep(forMs)]);
  const tookS = (performance.now() - beganMs) / 1000;
  const after = await Promise.all([pair.sync(0), pair.sync(1)]);
  const flows = after[1]!.imported.new - before[1]!.imported.new;
  return {
    flows,
    perSecond: Math.round(flows / tookS),
    packets: after[1]!.packetsReceived - before[1]!.packetsReceived,
    lagMs: after[0]!.lagMs,
    cpuMsPerSecond: [0, 1].map(at => Math.round((after[at]!.cpuMs - before[at]!.cpuMs) / tookS)),
  };
}

await sleep(3000);
console.log('idle', JSON.stringify(await cost(seconds * 1000, async () => {})));
const send = () =>
  pair.client.run(process.execPath, join(import.meta.dirname, 'l4/new-flows.ts'), `${rate}`, `${seconds}`);
console.log('busy', JSON.stringify(await cost(seconds * 1000 + 1000, send)));
