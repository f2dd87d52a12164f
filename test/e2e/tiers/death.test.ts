/** A director that runs moat and dies: what clients notice, and what the next start finds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { CLIENT, VIP } from './tiers.ts';
import {
  answering,
  atWork,
  BOTH,
  configuration,
  downloading,
  killAll,
  many,
  noResets,
  slowly,
  WHOLE,
} from './work.ts';

const skip = programMissing() || labMissing('curl');

test('a director whose processes are all killed forwards on, and the next start adopts its flows', {
  skip,
}, async () => {
  await using tiers = await atWork();
  const load = many(tiers);
  const long = slowly(tiers);
  await downloading(tiers);
  await killAll(tiers);
  assert.deepEqual(await answering(tiers), BOTH);
  await tiers.director.start();
  assert.match(tiers.director.log, /l4: the maps of .* are adopted/);
  assert.deepEqual(await answering(tiers), BOTH);
  await load.stop();
  assert.deepEqual(await long.end(), WHOLE);
  await noResets(tiers);
});

test('a start that is refused leaves the forwarding of the life before as it is', { skip }, async () => {
  await using tiers = await atWork();
  const long = slowly(tiers);
  await downloading(tiers);
  await killAll(tiers);
  const elsewhere = 'http { server { listen 192.0.2.77:80; } }';
  tiers.director.configure(configuration(tiers, { http: elsewhere }));
  await assert.rejects(tiers.director.start(), /192\.0\.2\.77/);
  assert.deepEqual(await answering(tiers), BOTH);
  tiers.director.configure(configuration(tiers));
  await tiers.director.start();
  assert.deepEqual(await answering(tiers), BOTH);
  assert.deepEqual(await long.end(), WHOLE);
  await noResets(tiers);
});

test('the lease: killed, a director forwards until its end and then stops; the next start goes on', {
  skip,
}, async () => {
  await using tiers = await atWork({ lease: '4s' });
  await killAll(tiers);
  const first = await tiers.client.run('curl', '-gsS', '-m', '10', `http://${VIP[4]}/who`);
  assert.match(first.stdout, new RegExp(`^p[01] ${CLIENT[4]}`), first.stderr);
  await until(async () => {
    const { status } = await tiers.client.run('curl', '-gsS', '-m', '10', `http://${VIP[4]}/who`);
    return status === 7; // refused: the director's own stack answers, where nobody listens
  }, 'the lease to run out');
  await tiers.director.start();
  assert.deepEqual(await answering(tiers), BOTH);
  assert.ok((await tiers.director.figures()).reasons['lease-passed'] > 0);
});
