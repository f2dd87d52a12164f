/** rtnetlink through the addon, held against what Node and `ip` say. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import {
  addAddress,
  forgetNeighbour,
  listAddresses,
  listLinks,
  manageNeighbour,
  removeAddress,
} from '../../native/netlink.ts';
import { withoutRoot } from './outside.ts';

test('listLinks, listAddresses: agree with what Node knows', () => {
  const links = new Map(listLinks().map(link => [link.index, link]));
  assert.ok([...links.values()].some(link => link.name === 'lo' && link.up));
  const found = listAddresses().map(({ index, address, prefixBits }) => {
    const text = address.length === 4 ? address.join('.') : Buffer.from(address).toString('hex');
    return `${links.get(index)!.name} ${text}/${prefixBits}`;
  });
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { family, cidr } of addresses ?? []) {
      if (family === 'IPv4') assert.ok(found.includes(`${name} ${cidr}`), `${name} ${cidr} in ${found}`);
    }
  }
});

test('manageNeighbour: the kernel keeps it, until it is forgotten', { skip: withoutRoot }, t => {
  const name = `mn${process.pid}`;
  const ip = (...words: string[]) => execFileSync('ip', words, { encoding: 'latin1', stdio: 'pipe' });
  try {
    ip('link', 'add', name, 'up', 'type', 'veth', 'peer', 'name', `${name}p`);
  } catch {
    return t.skip('no interface may be made here');
  }
  try {
    ip('address', 'add', '10.99.0.1/24', 'dev', name);
    const { index } = listLinks().find(link => link.name === name)!;
    const address = Uint8Array.of(10, 99, 0, 2);
    manageNeighbour(index, address, '10.99.0.2');
    manageNeighbour(index, address, '10.99.0.2');
    assert.match(ip('neigh', 'show', 'dev', name), /10\.99\.0\.2 .*extern_learn/);
    forgetNeighbour(index, address, '10.99.0.2');
    assert.throws(() => forgetNeighbour(index, Uint8Array.of(10, 99, 0, 3), '10.99.0.3'), {
      code: 'ENOENT',
      syscall: 'netlink',
      object: '10.99.0.3',
    });
  } finally {
    ip('link', 'delete', name);
  }
});

for (const [text, address] of [
  ['198.51.100.77', Uint8Array.of(198, 51, 100, 77)],
  [
    '2001:db8::77',
    Uint8Array.from({ length: 16 }, (_, at) => [0x20, 1, 0x0d, 0xb8][at] ?? (at === 15 ? 0x77 : 0)),
  ],
] as const)
  test(`addAddress, removeAddress: ${text} comes and goes, and what is not so is told`, {
    skip: withoutRoot,
  }, () => {
    const { index } = listLinks().find(link => link.name === 'lo')!;
    const has = () => listAddresses().some(own => Buffer.compare(own.address, address) === 0);
    addAddress(index, address, text);
    try {
      assert.ok(has());
      assert.throws(() => addAddress(index, address, text), { code: 'EEXIST', object: text });
    } finally {
      removeAddress(index, address, text);
    }
    assert.ok(!has());
    assert.throws(() => removeAddress(index, address, text), { code: 'EADDRNOTAVAIL', object: text });
  });
