/** Where questions over IPv6 come from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes, ownBytes } from '../../../l4/address.ts';
import { Sources } from '../../../l4/health/source.ts';

const own = (address: string, prefixBits: number) => ({
  index: 2,
  address: ownBytes(addressBytes(address)),
  prefixBits,
  secondary: false,
  tentative: false,
});
const HOST = [
  own('10.0.0.2', 24),
  own('fe80::1', 64),
  own('fd00::100', 128),
  own('fd00::7', 64),
  own('fd00::2', 64),
];

test('Sources: an address of the same network that is not virtual; else the kernel may choose', () => {
  const sources = new Sources(
    () => 0,
    () => HOST,
  );
  const nobody = () => false;
  assert.equal(sources.of('fd00::11', nobody), 'fd00::7');
  assert.equal(
    sources.of('fd00::11', address => address === 'fd00::7'),
    'fd00::2',
  );
  assert.equal(sources.of('fd01::11', nobody), undefined);
  assert.equal(sources.of('fe80::9', nobody), undefined);
  assert.equal(sources.of('10.0.0.11', nobody), undefined);
});

test('Sources: addresses are read again after a second', () => {
  let nowMs = 0;
  let reads = 0;
  const sources = new Sources(
    () => nowMs,
    () => {
      reads++;
      return HOST;
    },
  );
  for (nowMs of [0, 999, 1000, 1001]) sources.of('fd00::11', () => false);
  assert.equal(reads, 2);
});
