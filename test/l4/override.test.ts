/** What an operator says of real servers, laid over their lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findReals, type Override, withOrder, withOverrides } from '../../l4/override.ts';
import { checkText } from '../config/check-text.ts';

const model = checkText(`l4 {
  virtual_server 192.0.2.1:80 192.0.2.1:443 tcp { real_server 10.0.0.1; real_server 10.0.0.2 weight=5; real_server 10.0.0.3 down; }
  virtual_server 192.0.2.1:53 udp { mode nat; real_server 10.0.0.1:5353; }
}`).model!.l4!;
const WEB = '192.0.2.1:80 192.0.2.1:443 tcp';

test('findReals: by address everywhere, by a virtual server, by the name on the line', () => {
  const names = (...words: [string, string?]) =>
    findReals(model, ...words).map(one => `${one.realServer} ${one.virtualServer}`);
  assert.deepEqual(names('10.0.0.1'), [`10.0.0.1 ${WEB}`, '10.0.0.1:5353 192.0.2.1:53 udp']);
  assert.deepEqual(names('10.0.0.1', '192.0.2.1:443'), [`10.0.0.1 ${WEB}`]);
  assert.deepEqual(names('10.0.0.1:5353'), ['10.0.0.1:5353 192.0.2.1:53 udp']);
  assert.deepEqual(names('10.0.0.1', WEB), [`10.0.0.1 ${WEB}`]);
  assert.deepEqual(names('10.0.0.9'), []);
  assert.deepEqual(names('10.0.0.1', '192.0.2.1'), []);
});

test('withOrder, withOverrides: orders add up, and go when they are taken back', () => {
  const states = (overrides: readonly Override[]) =>
    withOverrides(model, overrides).virtualServers[0]!.realServers.map(
      ({ state, weight }) => `${state} ${weight}`,
    );
  const two = findReals(model, '10.0.0.2');
  assert.equal(withOverrides(model, []), model);
  const weighed = withOrder([], two, { kind: 'weight', weight: 0 });
  assert.deepEqual(states(weighed), ['ready 1', 'ready 0', 'down 1']);
  const drained = withOrder(weighed, two, { kind: 'drain' });
  assert.deepEqual(states(drained), ['ready 1', 'drain 0', 'down 1']);
  const more = withOrder(drained, findReals(model, '10.0.0.3'), { kind: 'drain' });
  assert.deepEqual(states(more), ['ready 1', 'drain 0', 'down 1']); // down is more than drained
  assert.deepEqual(states(withOrder(more, two, { kind: 'resume' })), ['ready 1', 'ready 5', 'down 1']);
});
