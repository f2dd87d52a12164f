/** Idle connections: which one serves next, and what is forgotten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpstreamConnection } from '../../../l7/upstream/connection.ts';
import { IdleConnections, type Stacks } from '../../../l7/upstream/idle.ts';

/** As much of a connection as is looked at here. */
function connection(idle: IdleConnections, stacks: Stacks, key: string): UpstreamConnection {
  const made = { key, member: { stacks }, destroy: () => idle.drop(made as UpstreamConnection) };
  return made as Partial<UpstreamConnection> as UpstreamConnection;
}

test('idle: the last used connection of the key serves next, and none of another key', () => {
  const idle = new IdleConnections(8);
  const stacks = idle.stacksOf('a');
  const [first, second, other] = ['k', 'k', 'l'].map(key => connection(idle, stacks, key));
  for (const one of [first!, second!, other!]) idle.rest(one);
  assert.equal(idle.take(stacks, 'k'), second);
  assert.equal(idle.take(stacks, 'k'), first);
  assert.equal(idle.take(stacks, 'k'), undefined);
  assert.deepEqual([idle.size, idle.take(stacks, 'l')], [1, other]);
});

test('idle: keys that clients choose do not pile up', () => {
  const idle = new IdleConnections(4);
  const stacks = idle.stacksOf('a');
  for (let n = 0; n < 1000; n++) {
    idle.rest(connection(idle, stacks, `client ${n}`));
    if (n % 2) assert.ok(idle.take(stacks, `client ${n}`));
  }
  assert.ok(idle.size <= 4);
  assert.ok(stacks.size < 32, `${stacks.size} keys`);
});
