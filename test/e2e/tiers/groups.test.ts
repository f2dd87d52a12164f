/** Two ports of one virtual address scheduled as one, and weights that real servers set themselves, as clients see them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { PROXIES, type Tiers, tiersAtWork, VIP } from './tiers.ts';

const skip = programMissing() || labMissing('curl');

const group = (settings: string) => (tiers: Tiers) =>
  `l4 { pin_path ${tiers.pins}/moat; hash_secret 0123456789abcdef; attach eth0;
    virtual_server ${VIP[4]}:80 ${VIP[4]}:443 tcp { mode dr; scheduler rr; ${settings}
      real_server ${PROXIES[4][0]}; real_server ${PROXIES[4][1]}; } }`;

/** Both proxies at work, which listen on port 443 too. */
async function atWork(settings: string): Promise<Tiers> {
  const tiers = await tiersAtWork(group(settings));
  for (const proxy of tiers.proxies)
    await proxy.reload(`http { access_log off; server { listen 80; listen 443; keepalive_timeout 0;
      location / { return 200 "${proxy.host.name} $server_port\\n"; } } }`);
  return tiers;
}

async function ask({ client }: Tiers, port: number): Promise<string> {
  const { stdout, stderr } = await client.run('curl', '-gsS', '-m', '30', `http://${VIP[4]}:${port}/`);
  assert.equal(stderr, '');
  assert.match(stdout, new RegExp(` ${port}\\n$`), 'the port stays as it was');
  return stdout.split(' ')[0]!;
}

test('a group: who persists finds one real server on both ports', { skip }, async () => {
  await using tiers = await atWork('persistence 60s;');
  const found: string[] = [];
  for (const port of [80, 443, 443, 80, 443, 80]) found.push(await ask(tiers, port));
  assert.deepEqual(new Set(found).size, 1, found.join(' '));
});

test('a group: connections to both ports are given in one turn, and shown as one service', {
  skip,
}, async () => {
  await using tiers = await atWork('');
  const found: string[] = [];
  for (const port of [80, 443, 80, 443, 80, 443]) found.push(await ask(tiers, port));
  assert.equal(new Set([found[0], found[2], found[4]]).size, 1, found.join(' '));
  assert.equal(new Set([found[1], found[3], found[5]]).size, 1, found.join(' '));
  assert.notEqual(found[0], found[1], 'each port had a turn of its own');
  const { services } = await tiers.director.figures();
  assert.equal(services.length, 1);
  assert.deepEqual(
    services[0]!.reals.map(({ connections }) => connections),
    [3, 3],
  );
});

test('dynamic_weight: a file sets the weight of a real server, drains it, and brings it back', {
  skip,
}, async () => {
  await using tiers = await atWork('');
  const { director } = tiers;
  const path = join(director.dir, 'weight');
  const weights = async () => (await director.figures()).services[0]!.reals.map(({ weight }) => weight);
  const say = (content: string) => writeFileSync(path, content);
  say('100%');
  await director.reload(
    group(`health_check file path=${path} dynamic_weight interval=100ms only=${PROXIES[4][0]};`)(tiers),
  );
  say('7');
  await until(async () => (await weights())[0] === 7, 'the weight to be taken over');
  assert.deepEqual(await weights(), [7, 1]);
  say('drain');
  await until(async () => (await weights())[0] === 0, 'the drain');
  const found = [await ask(tiers, 80), await ask(tiers, 443), await ask(tiers, 80)];
  assert.deepEqual(found, ['p1', 'p1', 'p1']);
  say('up');
  await until(async () => (await weights())[0] === 1, 'its own weight');
  const both = [await ask(tiers, 80), await ask(tiers, 443)];
  assert.deepEqual(both.sort(), ['p0', 'p1']);
});
