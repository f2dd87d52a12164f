/** Addresses and networks, against Node's own reading of them. */
import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { test } from 'node:test';
import { parseCidr } from '../../kit/cidr.ts';
import { IpReader } from '../../kit/ip.ts';
import { IpTable } from '../../kit/ip-table.ts';
import { draw, seeded } from '../l7/zone/random.ts';

const reader = new IpReader();
const formatOf = (text: string) => (reader.read(text) ? reader.format() : undefined);
/** The form that the URL standard gives an address, which is RFC 5952's. */
const usual6 = (text: string) => new URL(`http://[${text}]/`).hostname.slice(1, -1);

const GOOD_6 =
  ':: ::1 1:: 1::8 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 2001:db8::A:0:0:1 1:0:0:2:0:0:0:3 fe80::1:2 ::13.1.68.3 64:ff9b::192.0.2.33 1:2:3:4:5:6:1.2.3.4 ABCD:EF01:2345:6789:abcd:ef01:2345:6789 0:0:0:0:0:0:0:0 1:0:2:0:3:0:4:0 00ab::';
const BAD =
  ': ::: 1 1: 1:2 :1 1::2::3 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:8:: 12345:: g:: 1:2:3:4:5:6:7:1.2.3.4 1.2.3.4:: ::1.2.3 ::1.2.3.4.5 ::256.1.1.1 1:2:3:4:5:6:7 ::1: 1.2.3 1.2.3.4.5 1.2.3.256 1..2.3 .1.2.3 1.2.3. 1.2.3.4x 1.2.3.-4 a';

test('ip: IPv6 is read in all its forms and written in the usual one', () => {
  for (const text of GOOD_6.split(' ')) {
    assert.equal(isIP(text), 6, text);
    assert.equal(formatOf(text), usual6(text), text);
  }
  assert.equal(formatOf('fe80::1%eth0'), 'fe80::1');
});

test('ip: what is no address is refused', () => {
  for (const text of ['', ...BAD.split(' ')]) {
    assert.equal(isIP(text), 0, text);
    assert.equal(reader.read(text), false, text);
    assert.equal(reader.family, 0);
  }
});

test('ip: IPv4 is decimal, as nginx reads it, and may come in the guise of IPv6', () => {
  assert.equal(formatOf('0.0.0.0'), '0.0.0.0');
  assert.equal(formatOf('255.255.255.255'), '255.255.255.255');
  assert.equal(formatOf('010.1.2.3'), '10.1.2.3');
  assert.equal(formatOf('::ffff:10.1.2.3'), '10.1.2.3');
  assert.equal(formatOf('::FFFF:0a01:0203'), '10.1.2.3');
  assert.equal(reader.family, 4);
});

test('ip: bytes are those of the wire', () => {
  reader.read('1.2.200.4');
  assert.equal(reader.bytes(), '\x01\x02\xc8\x04');
  reader.read('2001:db8::ff');
  assert.equal(reader.bytes(), `\x20\x01\x0d\xb8${'\0'.repeat(11)}\xff`);
});

test('ip: random addresses survive being written and read', () => {
  const random = seeded(7);
  for (let round = 0; round < 2000; round++) {
    const groups = Array.from({ length: 8 }, () => (draw(random, 3) === 0 ? draw(random, 65536) : 0));
    const text = groups.map(group => group.toString(16)).join(':');
    assert.equal(formatOf(text), formatOf(usual6(text)), text);
    assert.equal(
      reader.bytes(),
      Buffer.from(groups.flatMap(g => [g >> 8, g & 255]))
        .toString('latin1')
        .slice(reader.family === 4 ? 12 : 0),
    );
  }
});

test('cidr: networks lose the bits below them, and say so', () => {
  const read = (text: string) => {
    const found = parseCidr(text);
    return found && `${found.cidr.address}/${found.cidr.bits}${found.lowBits ? ' low' : ''}`;
  };
  assert.equal(read('10.0.0.0/8'), '10.0.0.0/8');
  assert.equal(read('10.1.2.3/8'), '10.0.0.0/8 low');
  assert.equal(read('10.1.2.3'), '10.1.2.3/32');
  assert.equal(read('0.0.0.0/0'), '0.0.0.0/0');
  assert.equal(read('2001:db8::1/32'), '2001:db8::/32 low');
  assert.equal(read('2001:db8::1'), '2001:db8::1/128');
  assert.equal(read('::/0'), '::/0');
  assert.equal(read('::ffff:10.0.0.0/104'), '10.0.0.0/8');
  for (const text of [
    '',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/x',
    '10.0.0.0/-1',
    'a/8',
    '/8',
    '::ffff:1.2.3.4/90',
    '1.2.3.4/8/8',
  ])
    assert.equal(read(text), undefined, text);
});

/** Random networks of both families, of which the nets of Node's BlockList are asked one by one. */
function randomNetworks(count: number, seed: number) {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, value) => {
    const six = draw(random, 2) === 1;
    // Few leading bits vary, so that networks nest and addresses hit them.
    const text = six
      ? `2001:db8:${draw(random, 4).toString(16)}:${draw(random, 4)}::${draw(random, 4)}/${30 + draw(random, 99)}`
      : `10.${draw(random, 4)}.${draw(random, 4)}.${draw(random, 256)}/${6 + draw(random, 27)}`;
    const network = parseCidr(text)!.cidr;
    const list = new BlockList();
    list.addSubnet(network.address, network.bits, six ? 'ipv6' : 'ipv4');
    return {
      network,
      value,
      holds: (address: string) => list.check(address, address.includes(':') ? 'ipv6' : 'ipv4'),
    };
  });
}

function randomAddresses(count: number, seed: number): string[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () =>
    draw(random, 2) === 1
      ? `2001:db8:${draw(random, 5)}:${draw(random, 5)}::${draw(random, 5)}`
      : `${9 + draw(random, 3)}.${draw(random, 5)}.${draw(random, 5)}.${draw(random, 256)}`,
  );
}

test('ip table: the narrowest network holds', () => {
  const networks = randomNetworks(300, 11);
  const table = IpTable.ofNetworks(networks);
  let found = 0;
  for (const address of randomAddresses(3000, 12)) {
    const holding = networks.filter(({ holds }) => holds(address));
    const narrowest = Math.max(...holding.map(({ network }) => network.bits));
    const value = table.find(address);
    if (value !== undefined) found++;
    const expected = holding.filter(({ network }) => network.bits === narrowest).at(-1)?.value;
    assert.equal(value, expected, address);
  }
  assert.ok(found > 500, `only ${found} addresses were in a network`);
});

test('ip table: the first rule that fits holds', () => {
  const rules = randomNetworks(300, 21);
  const table = IpTable.ofRules(rules);
  for (const address of randomAddresses(3000, 22))
    assert.equal(table.find(address), rules.find(({ holds }) => holds(address))?.value, address);
});

test('ip table: the ends of the address space, Unix sockets, and texts that are no address', () => {
  const network = (text: string) => parseCidr(text)!.cidr;
  const table = IpTable.ofRules([
    { network: network('255.255.255.255'), value: 'last' },
    { network: network('0.0.0.0/0'), value: 'all' },
    { network: network('ffff::/16'), value: 'high' },
    { network: { address: 'unix:', bits: 0 }, value: 'unix' },
  ]);
  assert.deepEqual(
    [
      '255.255.255.255',
      '255.255.255.254',
      '0.0.0.0',
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      '::',
      '::ffff:1.2.3.4',
      'unix:',
      'unix:/run/x',
      'x',
    ].map(text => table.find(text)),
    ['last', 'all', 'all', 'high', undefined, 'all', 'unix', 'unix', undefined],
  );
  assert.equal(new IpTable([]).find('1.2.3.4'), undefined);
});
