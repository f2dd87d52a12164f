/** A connection table that is full. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeFlood } from '../../l4/flooding.ts';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { download, requests } from '../../lab/load.ts';
import { atWork } from './pressure.ts';
import { CLIENT, OTHER_VIP, POOL, VIP } from './tiers.ts';
import { WHOLE } from './work.ts';

const skip = programMissing() || labMissing('curl', 'cc');
const flood = skip ? undefined : makeFlood();
const FLOOD_S = 3;

test('a table that a flood has filled: what is there goes on, a ring goes on without, others are refused and counted', {
  skip,
}, async () => {
  await using tiers = await atWork('connections 1024; timeouts syn=2s fin=2s;');
  const { client, director } = tiers;
  const long = [VIP[4], OTHER_VIP[4]].map(vip => download(client, `http://${vip}/big`, '500K'));
  await until(
    () => (client.do('cat /proc/net/tcp').match(/ 6[45]00070A:0050 01 /g) ?? []).length === 2,
    'both connections',
  );
  const flooded = flood!(client, director.host, VIP[4], 80, FLOOD_S);
  await until(
    () => /the connection table is full, with room for 10\d\d/.test(director.log),
    'the log to tell it',
  );
  const load = requests(client, `http://${VIP[4]}/who`);
  assert.ok(Number((await flooded).stdout) > 10_000, 'that was no flood');
  await load.stop();
  const { reasons, table } = await director.figures();
  assert.ok(reasons.stateless > 0 && reasons.new > 1000, JSON.stringify(reasons));
  assert.match(await director.shown('list'), /^Connection table: \d+ of 10\d\d$/m);
  assert.ok(table.room > 1000 && table.room <= 1024);
  for (const one of long) assert.deepEqual(await one.end(), WHOLE);
  // The flood's entries end, and with them the pressure.
  await until(async () => {
    const { stdout } = await client.run('curl', '-s', '-m', '2', `http://${OTHER_VIP[4]}/who`);
    return stdout.includes(POOL[4]);
  }, 'a new connection by fullnat');
  const after = await director.figures();
  assert.equal(after.reasons.rst + after.reasons['rst-no-flow'], 0);
});

test('a flood at a virtual server that needs entries: new ones are refused and counted when there is no room', {
  skip,
}, async () => {
  await using tiers = await atWork('connections 1024;');
  const { client, director } = tiers;
  await flood!(client, director.host, OTHER_VIP[4], 80, FLOOD_S);
  const { reasons } = await director.figures();
  assert.ok(reasons['table-full'] > 1000, JSON.stringify(reasons));
  assert.match(await director.shown('stats'), /^ {2}table-full +\d+$/m);
  assert.deepEqual(
    (await tiers.who(VIP[4], 4)).map(line => line.split(' ')[1]),
    Array(4).fill(CLIENT[4]),
  );
});
