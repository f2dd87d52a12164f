/** Who is banned at L7 is dropped by the L4 tier of the same moat, and comes back when the ban is lifted. */
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { CLIENT, DIRECTOR, PROXIES, type Tiers, tiersAtWork, VIP } from './tiers.ts';

const skip = programMissing() || labMissing('curl');
const MOAT = resolve(import.meta.dirname, '../../../bin/moat');

const configuration = ({ pins }: Tiers, more = '') => `l4 { pin_path ${pins}/moat; attach eth0 tc;
    virtual_server ${VIP[4]}:80 tcp { scheduler rr;
      real_server ${PROXIES[4][0]}; real_server ${PROXIES[4][1]}; } hash_secret 0123456789abcdef; }
  http { access_log off; limit_ban_zone $binary_remote_addr zone=bans:1m l4; ${more}
    limit_ban zone=bans events=401 count=3 within=1m ban=1h;
    server { listen ${DIRECTOR[4]}:8080; location /401 { return 401; } location / { return 200 "in\\n"; } } }`;

/** How curl ends at the virtual address: 0 answered, 28 no answer in time. */
async function atVip({ client }: Tiers): Promise<number | null> {
  return (await client.run('curl', '-gsS', '-m', '2', `http://${VIP[4]}/who`)).status;
}

const DROPPED = 28;

test('a ban of the L7 tier is one of the L4 tier, until it is lifted or its client is spared', {
  skip,
}, async () => {
  await using tiers = await tiersAtWork(configuration);
  const { director, client } = tiers;
  const bans = async (...words: string[]) => {
    const file = join(director.dir, 'moat.conf');
    const run = await director.host.run(MOAT, 'waf', 'bans', ...words, '-c', file, '-p', director.dir);
    assert.equal(run.status, 0, run.stderr);
    return run.stdout;
  };
  assert.equal(await atVip(tiers), 0);
  const fail = `http://${DIRECTOR[4]}:8080/401`;
  await client.run('curl', '-gsS', '-m', '5', fail, fail, fail);
  await until(async () => (await atVip(tiers)) === DROPPED, 'the L4 tier to drop the client');
  assert.match(await bans('list'), new RegExp(CLIENT[4].replaceAll('.', '\\.')));
  const { reasons } = await director.figures();
  assert.ok(reasons.denied > 0, JSON.stringify(reasons));

  await bans('remove', CLIENT[4]);
  await until(async () => (await atVip(tiers)) === 0, 'the client to come back');

  await bans('add', CLIENT[4]);
  await until(async () => (await atVip(tiers)) === DROPPED, 'the L4 tier to drop the client again');
  await director.reload(configuration(tiers, `limit_ban_spare ${CLIENT[4]};`));
  await until(async () => (await atVip(tiers)) === 0, 'the spared client to come back');

  await director.reload(configuration(tiers));
  await until(async () => (await atVip(tiers)) === DROPPED, 'the ban to hold again');
  await bans('remove', CLIENT[4]);
  await bans('add', CLIENT[4], '--for', '3s');
  await until(async () => (await atVip(tiers)) === DROPPED, 'a short ban');
  await until(async () => (await atVip(tiers)) === 0, 'its end');
});
