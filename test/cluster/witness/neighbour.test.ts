/** Neighbours that are asked by ARP and neighbour solicitation, and gateways, on a host of a lab. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Lab, labMissing } from '../../lab/lab.ts';

const skip = labMissing();
const MODULE = fileURLToPath(new URL('../../../cluster/witness/neighbour.ts', import.meta.url));
const TEXT = fileURLToPath(new URL('../../../kit/address-bytes.ts', import.meta.url));
/** Made for a busy machine; who answers is not waited for. */
const PATIENCE_MS = 5000;

test('neighbourAnswers: who is there, over IPv4 and IPv6, with ports closed and pings dropped; and who is not', {
  skip,
}, async () => {
  using lab = new Lab();
  lab.network('net');
  const [a, b] = [lab.host('a'), lab.host('b')];
  lab.wire(a, 'eth0', 'net', { addresses: ['10.1.0.1/24', '2001:db8:1::1/64'] });
  lab.wire(b, 'eth0', 'net', { addresses: ['10.1.0.2/24', '2001:db8:1::2/64'] });
  a.do('ip route add default via 10.1.0.2');
  a.do('ip -6 route add default via 2001:db8:1::2');
  b.do('nft add table inet deaf');
  b.do('nft add chain inet deaf in { type filter hook input priority 0 ; }');
  b.do('nft add rule inet deaf in icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept');
  b.do('nft add rule inet deaf in drop');
  const program = `
    import { gateways, neighbourAnswers, neighboursAt } from '${MODULE}';
    import { addressText } from '${TEXT}';
    const found = {};
    for (const address of ['10.1.0.2', '2001:db8:1::2', '10.1.0.3', '2001:db8:1::3', '10.1.0.1', '10.2.0.1'])
      found[address] = await Promise.all(
        neighboursAt(address).map(one => neighbourAnswers(one, /[23]$/.test(address) && !address.endsWith('3') ? ${PATIENCE_MS} : 500)),
      );
    found.gateways = [];
    for (const one of gateways()) found.gateways.push([addressText(one.address), await neighbourAnswers(one, ${PATIENCE_MS})]);
    console.log(JSON.stringify(found));`;
  const { stdout, stderr } = await a.run(process.execPath, '--input-type=module-typescript', '-e', program);
  assert.notEqual(stdout, '', stderr);
  assert.deepEqual(JSON.parse(stdout), {
    '10.1.0.2': [true],
    '2001:db8:1::2': [true],
    '10.1.0.3': [false],
    '2001:db8:1::3': [false],
    '10.1.0.1': [false],
    '10.2.0.1': [],
    gateways: [
      ['10.1.0.2', true],
      ['2001:db8:1::2', true],
    ],
  });
});
