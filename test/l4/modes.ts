/** The data plane in a network: real clients, real servers, each mode, both families. A file a build runs them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirectorBuild } from '../../l4/programs.ts';
import { labMissing, until } from '../lab/lab.ts';
import { programMissing } from './program.ts';
import { Site, VIP4, VIP6 } from './site.ts';

const skip = programMissing() || labMissing('nginx', 'curl');
const BIG = 4 << 20;
/** The ring draws for each: with fewer, one real server may get none. */
const ASKED = 40;
/** Of both families: small answers, a long one, an upload. */
const CONNECTIONS = 2 * (ASKED + 2);

/** Both real servers answer over both families, and a long answer comes whole. `seen`: whose address the real servers see. */
async function bothAnswer(site: Site, seen: { 4: string; 6: string }): Promise<void> {
  for (const [vip, client] of [
    [VIP4, seen[4]],
    [VIP6, seen[6]],
  ] as const) {
    const bodies = await site.get(vip, ASKED);
    assert.deepEqual([...new Set(bodies)].sort(), [`real0 ${client}`, `real1 ${client}`]);
    assert.equal((await site.get(vip, 1, '/big'))[0]!.length, BIG);
  }
}

/** A body of 4 MB goes up: long packets in the direction that the director carries. */
async function upload(site: Site, vip: string): Promise<void> {
  const host = vip.includes(':') ? `[${vip}]` : vip;
  const { stdout, stderr } = await site.client.run(
    ...[
      'sh',
      '-c',
      `head -c ${BIG} /dev/zero | curl -sS -m 30 -o /dev/null -w '%{http_code} %{size_upload}' --data-binary @- http://${host}/upload`,
    ],
  );
  assert.equal(stdout, `200 ${BIG}`, stderr);
}

/** Declares the tests of one build. */
export function testModes(build: DirectorBuild): void {
  test(`dr, ${build}: real servers answer by themselves`, { skip }, async () => {
    await using site = new Site(2);
    if (build === 'xdp') await site.fitForXdp();
    site.holdAddresses();
    await site.serve();
    await site.start();
    await site.direct(site.tables('dr'), build);
    await bothAnswer(site, { 4: '10.0.0.1', 6: 'fd00::1' });
    await upload(site, VIP4);
    await upload(site, VIP6);
    const { reasons, reals } = await site.director.figures();
    assert.equal(reasons.new, CONNECTIONS);
    assert.equal(reasons.reply, 0);
    assert.equal(
      Object.values(reals).reduce((sum, { connections }) => sum + connections, 0),
      CONNECTIONS,
    );
  });

  test(`nat, ${build}: replies come back by the director`, { skip }, async () => {
    await using site = new Site(2);
    if (build === 'xdp') await site.fitForXdp();
    site.routeBack();
    await site.serve();
    await site.start();
    await site.direct(site.tables('nat'), build);
    await bothAnswer(site, { 4: '10.9.0.1', 6: 'fd09::1' });
    await upload(site, VIP4);
    await upload(site, VIP6);
    const { reasons } = await site.director.figures();
    assert.ok(reasons.reply > 100, `${reasons.reply} replies`);
    await until(async () => {
      const { flows } = await site.director.figures();
      return (
        flows.length === CONNECTIONS && flows.every(({ state }) => state === 'fin' || state === 'closed')
      );
    }, 'the end of all connections in the table');
  });

  test(`fullnat, ${build}: real servers see the director alone`, { skip }, async () => {
    await using site = new Site(2);
    if (build === 'xdp') await site.fitForXdp();
    await site.serve();
    await site.start();
    await site.direct(site.tables('fullnat'), build);
    await bothAnswer(site, { 4: '10.0.0.200', 6: 'fd00::200' });
    await upload(site, VIP4);
    await upload(site, VIP6);
  });

  for (const tunnel of ['ipip', 'gue'] as const) {
    test(`tun by ${tunnel}, ${build}: real servers unwrap, and answer by themselves`, { skip }, async () => {
      await using site = new Site(2);
      if (build === 'xdp') await site.fitForXdp();
      await site.joinTunnels(tunnel);
      await site.serve();
      await site.start();
      await site.direct(site.tables('tun', { tunnel }), build);
      await bothAnswer(site, { 4: '10.0.0.1', 6: 'fd00::1' });
      // Packets of full length do not fit with another header: the client is told, and sends shorter ones.
      await upload(site, VIP4);
      await upload(site, VIP6);
    });
  }
}
