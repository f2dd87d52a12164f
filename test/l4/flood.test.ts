/** A flood of SYN at full speed: good clients go on, the table keeps what it has and takes no more than it is allowed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labMissing } from '../lab/lab.ts';
import { makeFlood } from './flooding.ts';
import { programMissing } from './program.ts';
import { Site, VIP4 } from './site.ts';

const skip = programMissing() || labMissing('nginx', 'curl');
const flood = skip ? undefined : makeFlood();

const INSERTS_PER_SECOND = 500;
const SECONDS = 4;

test('a flood of SYN: flows that are known go on, new ones come through, entries stay below the cap', {
  skip,
}, async () => {
  await using site = new Site(2);
  site.holdAddresses();
  await site.serve();
  await site.start();
  const tables = site.tables('dr');
  await site.direct({ ...tables, settings: { ...tables.settings, insertsPerSecond: INSERTS_PER_SECOND } });
  await site.get(VIP4);
  const download = site.client.run(
    'curl',
    '-sS',
    '-m',
    '60',
    '-o',
    '/dev/null',
    '-w',
    '%{size_download}',
    '--limit-rate',
    '1M',
    `http://${VIP4}/big`,
  );
  const flooded = flood!(site.client, site.directorHost, VIP4, 80, SECONDS);
  const answers: string[] = [];
  let over = false;
  flooded.finally(() => (over = true));
  while (!over) {
    const { status, stdout, stderr } = await site.client.run('curl', '-sS', '-m', '30', `http://${VIP4}/`);
    assert.equal(status, 0, stderr);
    answers.push(stdout);
  }
  const sent = Number((await flooded).stdout);
  assert.ok(sent > 20_000, `${sent} packets: that was no flood`);
  assert.ok(answers.length > 0);
  assert.equal((await download).stdout, String(4 << 20));
  const { reasons, reals } = await site.director.figures();
  assert.ok(reasons.stateless > reasons.new, JSON.stringify(reasons));
  // A window more than the seconds of the flood on each of the CPUs that took part.
  const most = INSERTS_PER_SECOND * (SECONDS + 30) * 8;
  const entries = Object.values(reals).reduce((sum, { active, inactive }) => sum + active + inactive, 0);
  assert.ok(entries < Math.min(most, sent), `${entries} entries of ${sent} packets`);
});
