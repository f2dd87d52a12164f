/** rtnetlink through the addon, held against what Node and `ip` say. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { forgetNeighbour, listAddresses, listLinks, manageNeighbour } from '../../native/netlink.ts';
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
