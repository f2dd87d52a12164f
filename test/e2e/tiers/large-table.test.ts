/** A connection table with many entries. MOAT_ENTRIES says how many; the drill is 1000000. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LAYOUT_VERSION } from '../../../l4/layout.ts';
import { openPinned } from '../../../native/bpf.ts';
import { closeFd } from '../../../native/socket.ts';
import { makeFlood } from '../../l4/flooding.ts';
import { programMissing } from '../../l4/program.ts';
import { labMissing } from '../../lab/lab.ts';
import { requests } from '../../lab/load.ts';
import { atWork } from './pressure.ts';
import { type Tiers, VIP } from './tiers.ts';

const skip = programMissing() || labMissing('curl', 'cc');
const flood = skip ? undefined : makeFlood();
const ENTRIES = Number(process.env['MOAT_ENTRIES'] ?? 20_000);
const ROOM = Math.max(ENTRIES, 2 ** 20);
const FLOOD_S = ENTRIES > 100_000 ? 10 : 1;
const LIMIT_MS = 60_000 + ENTRIES / 5;

/** Bytes that the kernel counts for the flow table. */
function tableBytes({ pins }: Tiers): number {
  const flows = openPinned(join(pins, 'moat', `layout-${LAYOUT_VERSION}`, 'flows'));
  const [, bytes] = /memlock:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${flows}`, 'latin1'))!;
  closeFd(flows);
  return Number(bytes);
}

test(`a table of ${ENTRIES} entries: clients go on, and it can be looked at`, {
  skip,
  timeout: LIMIT_MS,
}, async t => {
  await using tiers = await atWork(`connections ${ROOM}; timeouts syn=1h; lease 5s;`);
  const { client, director } = tiers;
  while ((await director.figures()).table.entries < ENTRIES)
    await flood!(client, director.host, VIP[4], 80, FLOOD_S);
  t.diagnostic(`${(tableBytes(tiers) / ROOM).toFixed(0)} bytes for each of ${ROOM} entries`);
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
  assert.equal(reasons['lease-passed'], 0, 'a look at the table has cost the lease');
});
