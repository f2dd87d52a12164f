/** The plane over its lives: what it finds pinned, what it leaves behind, where it stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attachment } from '../../l4/interfaces.ts';
import { labMissing } from '../lab/lab.ts';
import { programMissing } from './program.ts';
import { Site, VIP4, VIP6 } from './site.ts';

const skip = programMissing() || labMissing('nginx', 'curl');

test('DataPlane: what the life before had and this one has not goes', { skip }, async () => {
  await using site = new Site(1);
  site.holdAddresses();
  await site.serve();
  await site.start();
  const both = site.tables('dr');
  await site.direct(both);
  await site.get(VIP6);
  await site.director.kill();
  await site.start();
  assert.equal(
    await site.director.ask({ do: 'tables', tables: { ...both, services: both.services.slice(0, 1) } }),
    2,
  );
  assert.equal((await site.get(VIP4))[0], 'real0 10.0.0.1');
  await assert.rejects(site.get(VIP6), /Couldn't connect/);
});

test('DataPlane: stands where it is told, alone, and says why there', { skip }, async () => {
  await using site = new Site(1);
  await site.fitForXdp();
  site.lab.network('other');
  site.lab.wire(site.directorHost, 'eth1.7', 'other');
  await site.start();
  await site.director.ask({ do: 'tables', tables: site.tables('dr') });
  const attach = async (...interfaces: object[]) =>
    (await site.director.ask({ do: 'attach', interfaces })) as Attachment[];
  const xdp = (name: string) => /xdp/.test(site.directorHost.do(`ip link show ${name}`));
  const tc = (name: string) => /director/.test(site.directorHost.do(`tc filter show dev ${name} ingress`));

  const [auto] = await attach({ interface: 'eth0', mode: 'auto' });
  // Which driver it is, is read from /sys, and that is this machine's also in the lab.
  assert.equal(auto?.place, 'tc');
  assert.match(auto.why, /tc keeps its offloads/);
  assert.ok(tc('eth0') && !xdp('eth0'));
  await attach({ interface: 'eth0', mode: 'xdp' }, { interface: 'eth1.7', mode: 'tc' });
  assert.ok(xdp('eth0') && !tc('eth0') && tc('eth1.7'));
  await attach({ interface: 'eth0', mode: 'xdp-generic' });
  assert.match(site.directorHost.do('ip link show eth0'), /xdpgeneric/);
  assert.ok(!tc('eth1.7'), 'it was not named again');
  await site.director.kill();
  assert.ok(xdp('eth0'));
  await site.start();
  await attach({ interface: 'eth1.7', mode: 'xdp' });
  assert.ok(!xdp('eth0') && xdp('eth1.7'), 'what an earlier life has attached is known');
  await assert.rejects(
    attach({ interface: 'nothing0', mode: 'tc' }),
    /Cannot attach a tc program to nothing0|nothing0/,
  );
  await attach();
  assert.ok(!xdp('eth1.7'));
});
