/** A proxy that is gone from one moment to the next: it is noticed, and its connections fare by policy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programMissing } from '../../l4/program.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { Load } from '../../lab/load.ts';
import { BIG_BYTES, PROXIES, type Tiers, tiersAtWork, VIP } from './tiers.ts';

const skip = programMissing() || labMissing('curl');
/** Asked so often, and dead after so many failures, each of which takes as long as the timeout. */
const CHECK = { intervalMs: 300, timeoutMs: 1000, fall: 2 };
const RESET = 56; // curl: failure in receiving
const BROKEN = 55; // curl: failure in sending

type Policy = 'rst' | 'reselect' | 'keep';

const configuration = ({ pins }: Tiers, policy: Policy) => `l4 { pin_path ${pins}/moat; attach eth0 tc;
    virtual_server ${VIP[4]}:80 tcp { scheduler rr; on_dead ${policy};
      health_check http uri=/alive interval=${CHECK.intervalMs}ms timeout=${CHECK.timeoutMs}ms fall=${CHECK.fall} rise=1;
      real_server ${PROXIES[4][0]}; real_server ${PROXIES[4][1]}; } hash_secret 0123456789abcdef; }`;

/** Goes up slowly, so that there is always a next packet. */
const upload = ({ client }: Tiers) =>
  new Load(
    client.start(
      ...['sh', '-c'],
      `head -c ${BIG_BYTES} /dev/zero | curl -gsS -m 100 --limit-rate 400K -T - http://${VIP[4]}/upload`,
    ),
  );

/** One upload by each proxy; then the wire of the first one is cut, and the director has noticed. */
async function cut(tiers: Tiers): Promise<{ uploads: readonly Load[]; tookMs: number }> {
  const { client, director, proxies } = tiers;
  const uploads = [upload(tiers), upload(tiers)];
  await until(
    () => (client.do('cat /proc/net/tcp').match(/ 6400070A:0050 01 /g) ?? []).length === 2,
    'both uploads',
  );
  const cutMs = performance.now();
  await director.says(/real server 10\.7\.0\.11 .* is dead/, () =>
    proxies[0]!.host.do('ip link set eth0 down'),
  );
  return { uploads, tookMs: performance.now() - cutMs };
}

const WHOLE = { status: 0, text: String(BIG_BYTES) };

for (const policy of ['rst', 'reselect', 'keep'] as const)
  test(`a proxy whose wire is cut is noticed, its connections by ${policy}; those of the other go on`, {
    skip,
  }, async t => {
    await using tiers = await tiersAtWork(tiers => configuration(tiers, policy));
    const { uploads, tookMs } = await cut(tiers);
    t.diagnostic(`noticed after ${tookMs.toFixed(0)} ms`);
    assert.deepEqual(
      (await tiers.who(VIP[4], 4)).map(line => line.split(' ')[0]),
      Array(4).fill('p1'),
    );
    if (policy === 'keep')
      await tiers.director.says(/10\.7\.0\.11 .* is alive/, () =>
        tiers.proxies[0]!.host.do('ip link set eth0 up'),
      );
    if (policy === 'keep') tiers.proxies[0]!.host.do('ip route replace 10.8.0.0/24 dev eth0');
    const ends = await Promise.all(uploads.map(one => one.end()));
    const good = ends.filter(({ status, text }) => status === 0 && text === WHOLE.text);
    assert.equal(good.length, policy === 'keep' ? 2 : 1, JSON.stringify(ends));
    const bad = ends.find(({ status }) => status !== 0);
    if (bad) assert.ok(bad.status === RESET || bad.status === BROKEN, JSON.stringify(bad));
    const { reasons } = await tiers.director.figures();
    assert.equal(reasons.rst > 0, policy === 'rst');
    assert.equal(reasons.reselected > 0, policy === 'reselect');
  });
