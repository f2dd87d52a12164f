/** What the L7 process inherits: environment and sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addedEnvironment, baseEnvironment } from '../../control/environment.ts';
import { inheritanceOf, inherited } from '../../control/inherit.ts';

test('environment: only what the runtime needs, and what env names', () => {
  const own = {
    TZ: 'UTC',
    SECRET: 's',
    PATH: '/bin',
    NODE_OPTIONS: '-x',
    MOAT_LISTEN_FDS: 'a=3:0',
    A: '1',
    B: '2',
  };
  assert.deepEqual(baseEnvironment(own), { TZ: 'UTC', PATH: '/bin', NODE_OPTIONS: '-x' });
  assert.deepEqual(addedEnvironment(['A', 'B=3=4', 'C', 'D='], own), { A: '1', B: '3=4', D: '' });
});

test('inheritance: sockets are numbered after the standard descriptors and the secrets', () => {
  const sockets = [
    { key: '127.0.0.1:80', fd: 21, slot: 1, shared: false },
    { key: 'unix:/a=b;', fd: 9, slot: 0, shared: true },
  ];
  assert.deepEqual(inheritanceOf(sockets), {
    MOAT_LISTEN_FDS: '127.0.0.1%3A80=4:1;unix%3A%2Fa%3Db%3B=5:0:shared',
  });
  assert.equal(inherited({}), undefined);
  assert.throws(() => inherited({ MOAT_LISTEN_FDS: 'x' }), /"x" is not one/);
});
