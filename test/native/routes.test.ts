/** Routes that the kernel is asked for one by one, on a host of a lab, held against what `ip` has put there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Host, Lab, labMissing } from '../lab/lab.ts';

const skip = labMissing();
const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const MANY = 2000;

interface Found {
  readonly gateways: Record<4 | 6, string[]>;
  readonly has: boolean[];
  /** Of the longest answer that was looked into. */
  readonly bytes: number;
}

/** @param networks each as ADDRESS/BITS */
async function ask(host: Host, networks: readonly string[]): Promise<Found> {
  const program = `
    import { defaultRoutes, hasRouteTo } from '${path('native/routes.ts')}';
    import { addressBytes, addressText } from '${path('kit/address-bytes.ts')}';
    let bytes = 0;
    globalThis.DataView = class extends DataView {
      constructor(buffer, ...place) {
        super(buffer, ...place);
        bytes = Math.max(bytes, buffer.byteLength);
      }
    };
    const via = family => defaultRoutes(family).flatMap(({ hops }) => hops.map(({ gateway }) => addressText(gateway))).sort();
    const gateways = { 4: via(4), 6: via(6) };
    const has = ${JSON.stringify(networks)}.map(text => text.split('/')).map(([address, bits]) => hasRouteTo(addressBytes(address), Number(bits)));
    console.log(JSON.stringify({ gateways, has, bytes }));`;
  const { stdout, stderr } = await host.run(
    process.execPath,
    '--input-type=module-typescript',
    '-e',
    program,
  );
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

test('routes: the way to everywhere and a single network are one question each, among thousands of routes', {
  skip,
}, async () => {
  using lab = new Lab();
  lab.network('net');
  const host = lab.host('a');
  lab.wire(host, 'eth0', 'net', { addresses: ['10.1.0.1/24', '2001:db8:1::1/64'] });
  const networks = [
    '10.7.1.0/24',
    '10.7.0.0/16',
    '10.9.0.0/16',
    'fd07::/64',
    'fd08::/64',
    '0.0.0.0/0',
    '::/0',
  ];

  const bare = await ask(host, networks);
  assert.deepEqual(bare.gateways, { 4: [], 6: [] });
  assert.deepEqual(bare.has, [false, false, false, false, false, false, false]);

  for (let at = 0; at < MANY; at += 250) {
    const adds = Array.from({ length: 250 }, (_, n) => `10.64.${(at + n) >> 8}.${(at + n) & 255}/32`);
    host.ip(...adds.map(to => `route add ${to} via 10.1.0.2`));
  }
  host.ip('route add 10.7.1.0/24 via 10.1.0.2', 'route add fd07::/64 via 2001:db8:1::2');
  host.ip('route add default nexthop via 10.1.0.2 nexthop via 10.1.0.3');
  host.ip('route add default via 2001:db8:1::2', 'route add 192.0.2.0/24 via 10.1.0.9');
  const full = await ask(host, networks);
  assert.deepEqual(full.gateways, { 4: ['10.1.0.2', '10.1.0.3'], 6: ['2001:db8:1::2'] });
  assert.deepEqual(full.has, [true, false, false, true, false, true, true]);
  assert.ok(full.bytes < 4096, `${full.bytes} bytes`);

  // What one question cannot tell is looked for among all: behind narrower ones, and those by which packets are dropped.
  host.ip('route add 198.51.100.0/24 via 10.1.0.9', 'route add 203.0.113.0/24 via 10.1.0.9');
  host.ip('route add blackhole 10.7.0.0/16', 'route add 10.7.0.0/24 via 10.1.0.2');
  host.ip('route add unreachable 10.9.0.0/16', 'route add blackhole fd08::/64');
  const hidden = await ask(host, networks);
  assert.deepEqual(hidden.gateways, full.gateways);
  assert.deepEqual(hidden.has, [true, true, true, true, true, true, true]);
  assert.ok(hidden.bytes > 4096);
});
