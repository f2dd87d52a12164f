/** What the kernel says of a device, held against ethtool. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Lab, labMissing } from '../lab/lab.ts';

const ASK = (name: string) => `
  import { listLinks } from '${new URL('../../native/netlink.ts', import.meta.url)}';
  import { offloadsOf, xdpFeaturesOf } from '${new URL('../../native/device.ts', import.meta.url)}';
  const { index, kind } = listLinks().find(link => link.name === '${name}');
  const said = { kind, offloads: [...offloadsOf(index, '${name}') ?? []], xdp: [...xdpFeaturesOf(index, '${name}') ?? ['unknown']] };
  console.log(JSON.stringify(said));`;

test('offloadsOf, xdpFeaturesOf: what is on, as ethtool shows it', {
  skip: labMissing('ethtool'),
}, async () => {
  using lab = new Lab();
  const host = lab.host('one');
  lab.wire(host, 'eth0', lab.network('net'));
  const look = async () =>
    JSON.parse((await host.run(process.execPath, '--input-type=module', '-e', ASK('eth0'))).stdout);
  const before = await look();
  assert.equal(before.kind, 'veth');
  assert.ok(before.offloads.includes('tx-checksum-ip-generic'));
  assert.ok(before.xdp.includes('basic') || before.xdp.includes('unknown'));
  host.do('ethtool -K eth0 tx off gro on');
  const { offloads } = await look();
  assert.ok(!offloads.includes('tx-checksum-ip-generic') && offloads.includes('rx-gro'));
});
