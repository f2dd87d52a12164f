/** A director that runs moat is ended or upgraded: nobody notices. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { PROXIES } from './tiers.ts';
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

test('an upgrade of the program under load: nobody notices, also with a short lease', {
  skip,
}, async () => {
  await using tiers = await atWork({ lease: '2s' });
  const { director } = tiers;
  const load = many(tiers);
  const long = slowly(tiers);
  await downloading(tiers);
  const old = director.pid;
  await director.says(/ready: process/, () => process.kill(old, 'SIGUSR2'));
  await until(() => director.pid !== old, 'the new program');
  const newer = director.pid;
  process.kill(old, 'SIGQUIT');
  await director.says(/is in force in all workers/, () => {
    director.configure(configuration(tiers, { lease: '2s', second: 'weight=2' }));
    process.kill(newer, 'SIGHUP');
  });
  await load.stop();
  assert.deepEqual(await long.end(), WHOLE);
  assert.deepEqual(await answering(tiers), BOTH);
  await noResets(tiers);
  process.kill(newer, 'SIGTERM');
  await until(() => director.processes().length === 0, 'its end');
});

test('an upgrade that is taken back: the old program has the l4 block again, with what was commanded meanwhile', {
  skip,
}, async () => {
  await using tiers = await atWork();
  const { director } = tiers;
  const old = director.pid;
  await director.says(/ready: process/, () => process.kill(old, 'SIGUSR2'));
  await until(() => director.pid !== old, 'the new program');
  await director.shown('drain', PROXIES[4][0]!);
  assert.deepEqual(await answering(tiers), ['p1']);
  await director.says(/the new program is gone/, () => process.kill(director.pid, 'SIGQUIT'));
  await until(() => director.pid === old, 'the old program');
  await until(async () => (await director.l4('list')).status === 0, 'the l4 block of the old program');
  assert.match(await director.shown('list'), /10\.7\.0\.11 .* draining by command$/m);
  assert.deepEqual(await answering(tiers), ['p1']);
  await director.shown('resume', PROXIES[4][0]!);
  assert.deepEqual(await answering(tiers), BOTH);
});

test('QUIT and TERM: forwarding goes on without moat', { skip }, async () => {
  await using tiers = await atWork();
  const load = many(tiers);
  for (const signal of ['SIGQUIT', 'SIGTERM'] as const) {
    await tiers.director.end(signal);
    assert.deepEqual(tiers.director.processes(), []);
    assert.deepEqual(await answering(tiers), BOTH);
    await tiers.director.start();
  }
  await load.stop();
  await noResets(tiers);
});
