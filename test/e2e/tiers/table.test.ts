/** The connection table under pressure: full, and large. MOAT_ENTRIES says how large; the drill is 1000000. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FLOW_SHARDS, LAYOUT_VERSION } from '../../../l4/layout.ts';
import { u32 } from '../../../l4/maps.ts';
import { BpfMap, openMapById, openPinned } from '../../../native/bpf.ts';
import { closeFd } from '../../../native/socket.ts';
import { makeFlood } from '../../l4/flooding.ts';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { download, requests } from '../../lab/load.ts';
import { CLIENT, OTHER_VIP, POOL, PROXIES, Tiers, VIP } from './tiers.ts';
import { WHOLE } from './work.ts';

const skip = programMissing() || labMissing('curl', 'cc');
const flood = skip ? undefined : makeFlood();
const FLOOD_S = 3;
const ENTRIES = Number(process.env['MOAT_ENTRIES'] ?? 50_000);

/** One virtual address by dr and a ring, which needs no entry, and one by fullnat, which does. */
const configuration = ({ pins }: Tiers, more: string) => {
  const reals = PROXIES[4].map(address => `real_server ${address};`).join(' ');
  return `l4 { pin_path ${pins}/moat; hash_secret 0123456789abcdef; attach eth0 tc; insert_limit 0; ${more} source_pool ${POOL[4]};
    virtual_server ${VIP[4]}:80 tcp { scheduler mh port; ${reals} }
    virtual_server ${OTHER_VIP[4]}:80 tcp { mode fullnat; scheduler rr; ${reals} } }`;
};

async function atWork(more: string): Promise<Tiers> {
  const tiers = new Tiers();
  try {
    tiers.routeBack('direct');
    await tiers.join();
    await tiers.serve();
    tiers.director.configure(configuration(tiers, more));
    await tiers.director.start();
    return tiers;
  } catch (fault) {
    await tiers[Symbol.asyncDispose]();
    throw fault;
  }
}

test('a table that a flood has filled: what is there goes on, a ring goes on without, others are refused and counted', {
  skip,
}, async () => {
  await using tiers = await atWork('connections 1024; timeouts syn=2s fin=2s;');
  const { client, director } = tiers;
  const long = [VIP[4], OTHER_VIP[4]].map(vip => download(client, `http://${vip}/big`, '500K'));
  await until(
    async () => (await director.flows()).filter(({ state }) => state === 'established').length === 2,
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

/** Bytes that the kernel counts for the parts of the flow table. */
function tableBytes({ pins }: Tiers): number {
  const flows = openPinned(join(pins, 'moat', `layout-${LAYOUT_VERSION}`, 'flows'));
  let bytes = 0;
  const id = new Uint8Array(4);
  for (let shard = 0; shard < FLOW_SHARDS; shard++) {
    new BpfMap(flows).get(u32(shard), id);
    const fd = openMapById(new DataView(id.buffer).getUint32(0, true));
    bytes += Number(/memlock:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))![1]);
    closeFd(fd);
  }
  closeFd(flows);
  return bytes;
}

test(`a table of ${ENTRIES} entries: clients go on, and it can be looked at`, {
  skip,
  timeout: 300_000,
}, async t => {
  await using tiers = await atWork('timeouts syn=1h;');
  const { client, director } = tiers;
  const empty = tableBytes(tiers);
  while ((await director.figures()).table.entries < ENTRIES)
    await flood!(client, director.host, VIP[4], 80, 1);
  t.diagnostic(
    `${((tableBytes(tiers) - empty) / (await director.figures()).table.entries).toFixed(0)} bytes an entry`,
  );
  const load = requests(client, `http://${VIP[4]}/who`);
  for (const words of [['list'], ['list', '--json'], ['stats'], ['connections'], ['connections', '--json']]) {
    const startedMs = performance.now();
    const text = await director.shown(...words);
    t.diagnostic(
      `moat l4 ${words.join(' ')}: ${(performance.now() - startedMs).toFixed(0)} ms, ${text.length} characters`,
    );
  }
  const lines = (await director.shown('connections')).trimEnd().split('\n').length - 1;
  assert.ok(lines >= Math.min(ENTRIES, 100_000), `${lines} connections are shown`);
  await load.stop();
  const { reasons } = await director.figures();
  assert.equal(reasons['table-full'], 0);
});
