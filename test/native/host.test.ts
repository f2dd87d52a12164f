/** Asking the system for the addresses of hosts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostAddresses } from '#native/host.ts';

test('hostAddresses: what /etc/hosts has, and addresses as they are', () => {
  assert.ok(hostAddresses('localhost').some(address => address === '127.0.0.1' || address === '::1'));
  assert.deepEqual(hostAddresses('192.0.2.7'), ['192.0.2.7']);
  assert.deepEqual(hostAddresses('2001:db8::7'), ['2001:db8::7']);
});

test('hostAddresses: none for a name that nobody has, nor for what is no name', () => {
  for (const name of ['name.invalid', 'a b', '']) assert.deepEqual(hostAddresses(name), []);
  assert.throws(() => hostAddresses('x'.repeat(300)), TypeError);
});
