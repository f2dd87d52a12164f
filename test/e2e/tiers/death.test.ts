/** A director that runs moat and dies: what clients notice, and what the next start finds. */
import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LAYOUT_VERSION } from '../../../l4/layout.ts';
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

for (const [was, is] of [
  ['eth0 tc', 'eth0 tc'],
  ['eth0 xdp-generic', 'eth0 xdp-generic'],
  ['eth0 tc', 'eth0 xdp-generic'],
  ['eth0 xdp-generic', 'eth0 tc'],
] as const) {
  test(`a moat with tables of another layout takes the place of the one before: ${was}, then ${is}`, {
    skip,
  }, async () => {
    await using tiers = await atWork({ attach: was });
    const { director, pins } = tiers;
    await killAll(tiers);
    const [ours, others] = [LAYOUT_VERSION, LAYOUT_VERSION - 1].map(version =>
      join(pins, 'moat', `layout-${version}`),
    );
    renameSync(ours!, others!);
    director.configure(configuration(tiers, { attach: is }));
    await director.start();
    assert.match(director.log, /what another version of moat had in .*layout-\d+ has ended/);
    assert.ok(!existsSync(others!), 'nothing of it is left');
    assert.ok(existsSync(ours!));
    assert.deepEqual(await answering(tiers), BOTH);
    const programs = `${director.host.do('tc filter show dev eth0 ingress')}${director.host.do('ip -d link show eth0')}`;
    assert.equal(programs.match(/direct-action|prog\/xdp/g)?.length, 1, programs);
  });
}
