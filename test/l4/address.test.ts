/** Addresses as the maps hold them, and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes, addressText } from '../../l4/address.ts';

const TEXTS = [
  ...['192.0.2.1', '0.0.0.0', '::', '::1', 'fd00::2', 'fd00::', '2001:db8::', '1:0:0:2::3', '1::2:0:0:3:4'],
  ...['10::10', 'fe80::1', '2001:db8:0:1:2:3:4:5', '64:ff9b::c000:201'],
];

test('addressText: says what addressBytes has read, in its usual form', () => {
  for (const text of TEXTS) assert.equal(addressText(addressBytes(text)), text);
  assert.equal(addressText(addressBytes('fd00:0:0:0:0:0:0:0002')), 'fd00::2');
});
