/** What the metrics page tells of two directors that keep each other's connections, beside what `moat l4 list` tells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberOf, readExposition } from '../../l7/metrics/exposition.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { programMissing } from '../program.ts';
import { Crowd, PATHS, SyncPair } from './pair.ts';

const skip = programMissing() || labMissing();
const COUNT = 20;

test('metrics of the sync: in step and what was told; alone when the other director is dead', {
  skip,
}, async () => {
  await using pair = new SyncPair({ mode: 'dr' });
  await pair.serve();
  await pair.start(1);
  await pair.start(0);
  await pair.isInStep(0);
  await pair.isInStep(1);
  await until(() => pair.holds(0) && !pair.holds(1), 'the first director to have the addresses');
  const crowd = new Crowd(pair.client, COUNT);
  await crowd.answer();
  const scrape = async (at: 0 | 1) => {
    const found = readExposition(await pair.directors[at].metrics());
    return (sample: string) => numberOf(found, `moat_l4_sync_${sample}`);
  };
  await until(
    async () => (await scrape(1))('flows_total{direction="received"}') >= COUNT,
    'all to be told of',
  );
  const told = await scrape(0);
  const figures = (await pair.sync(0))!;
  assert.equal(told('state{state="in-step"}'), 1);
  assert.equal(told('state{state="alone"}'), 0);
  assert.equal(told('ready'), 1);
  assert.ok(told('flows_total{direction="sent"}') >= COUNT);
  assert.ok(told('packets_total{kind="sent"}') <= figures.packetsSent);
  assert.ok(told('packets_total{kind="received"}') > 0);
  assert.equal(told('packets_refused_total{reason="forged"}'), 0);
  for (const [local, peer] of PATHS) assert.equal(told(`path_up{local="${local}",peer="${peer}"}`), 1);
  const taken = await scrape(1);
  assert.ok(taken('flows_imported_total{result="new"}') >= COUNT);
  pair.kill(0);
  await until(async () => (await scrape(1))('state{state="alone"}') === 1, 'the death on the page');
});
