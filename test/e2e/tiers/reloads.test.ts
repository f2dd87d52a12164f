/** Many reloads under load: weights, checks and words change, connections do not notice. MOAT_RELOADS says how many; the drill is 1000. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import {
  answering,
  atWork,
  BOTH,
  configuration,
  downloading,
  many,
  noResets,
  slowly,
  WHOLE,
} from './work.ts';

const skip = programMissing() || labMissing('curl');
const RELOADS = Number(process.env['MOAT_RELOADS'] ?? 40);
/** Of the whole file; a reload takes some 30 ms where nothing else runs. */
const LIMIT_MS = 60_000 + RELOADS * 500;

test(`${RELOADS} reloads under load: no request fails, no connection is reset`, {
  skip,
  timeout: LIMIT_MS,
}, async t => {
  await using tiers = await atWork();
  const { director } = tiers;
  const load = many(tiers);
  const long = slowly(tiers);
  await downloading(tiers);
  const first = director.log.length;
  const startedMs = performance.now();
  for (let turn = 1; turn <= RELOADS; turn++) {
    // One of them is drained now and then, but never both.
    const words = [`weight=${1 + (turn % 7)}`, turn % 5 === 0 ? 'drain' : `upper=${1000 + turn}`];
    director.configure(configuration(tiers, { first: words[turn % 2]!, second: words[(turn + 1) % 2]! }));
    process.kill(director.pid, 'SIGHUP');
    const done = `configuration ${turn + 1} is in force`;
    await until(() => director.log.includes(done, first), done);
  }
  t.diagnostic(`${((performance.now() - startedMs) / RELOADS).toFixed(1)} ms a reload`);
  await director.reload(configuration(tiers));
  await load.stop();
  assert.deepEqual(await long.end(), WHOLE);
  assert.deepEqual(await answering(tiers), BOTH);
  await noResets(tiers);
});
