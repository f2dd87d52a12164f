/** What an operator says of real servers, laid over their lines. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepOverrides, overridesPathOf, readOverrides } from '../../l4/kept-overrides.ts';
import {
  findReals,
  type Order,
  type Override,
  partOverrides,
  withOrder,
  withOverrides,
} from '../../l4/override.ts';
import { checkText } from '../config/check-text.ts';

const model = checkText(`l4 {
  virtual_server 192.0.2.1:80 192.0.2.1:443 tcp { real_server 10.0.0.1; real_server 10.0.0.2 weight=5; real_server 10.0.0.3 down; }
  virtual_server 192.0.2.1:53 udp { mode nat; real_server 10.0.0.1:5353; }
  virtual_server 192.0.2.2:53 tcp { mode nat; real_server 10.0.0.8; real_server 10.0.0.8:80; real_server 10.0.0.7:53; real_server 10.0.0.7:80; }
  virtual_server 192.0.2.2:53 udp { mode nat; real_server 10.0.0.8; }
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
  assert.deepEqual(names('10.0.0.1', 'tcp'), []);
});

test('findReals: one of each virtual server, or those that could be meant are named', () => {
  const names = (...words: [string, string?]) =>
    findReals(model, ...words).map(one => `${one.realServer} ${one.virtualServer}`);
  const both = ['10.0.0.8 192.0.2.2:53 tcp', '10.0.0.8 192.0.2.2:53 udp'];
  assert.deepEqual(names('10.0.0.8'), both); // as on its line: not that of port 80 as well
  assert.deepEqual(names('10.0.0.8', '192.0.2.2:53 tcp'), both.slice(0, 1));
  assert.deepEqual(names('10.0.0.8:80', '192.0.2.2:53'), ['10.0.0.8:80 192.0.2.2:53 tcp']);
  assert.throws(() => names('10.0.0.7'), {
    message: '"10.0.0.7" is several real servers of 192.0.2.2:53 tcp: say 10.0.0.7:53 or 10.0.0.7:80',
  });
  assert.throws(() => names('10.0.0.8', '192.0.2.2:53'), {
    message: '"192.0.2.2:53" is of several virtual servers: say "192.0.2.2:53 tcp" or "192.0.2.2:53 udp"',
  });
});

test('withOrder: the last word holds of state and of health, each by itself, and one order may say all', () => {
  const target = findReals(model, '10.0.0.3');
  const after = (...orders: Order[]) => {
    const said = orders.reduce<Override[]>((before, order) => withOrder(before, target, order), []);
    const { state, health, weight } = withOverrides(model, said).virtualServers[0]!.realServers[2]!;
    return [state, health, weight, said.length];
  };
  assert.deepEqual(after({ kind: 'ready' }), ['ready', undefined, 1, 1]); // though its line says down
  assert.deepEqual(after({ kind: 'ready' }, { kind: 'disable' }), ['down', undefined, 1, 1]);
  assert.deepEqual(after({ kind: 'up' }, { kind: 'ready' }), ['ready', 'up', 1, 1]);
  assert.deepEqual(after({ kind: 'up' }, { kind: 'down' }), ['down', 'down', 1, 1]);
  assert.deepEqual(after({ kind: 'up' }, { kind: 'say', said: { state: 'ready', weight: 7 } }), [
    'ready',
    undefined,
    7,
    1,
  ]);
  assert.deepEqual(after({ kind: 'up' }, { kind: 'say', said: {} }), ['down', undefined, 1, 0]);
  assert.deepEqual(after({ kind: 'disable' }, { kind: 'resume' }), ['down', undefined, 1, 0]);
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

test('partOverrides: what was commanded ends with a new weight or word on its line, or with its line', () => {
  const said = withOrder([], findReals(model, '10.0.0.2'), { kind: 'weight', weight: 9 });
  const after = (line: string) => {
    const { kept, outdated } = partOverrides(
      checkText(`l4 { virtual_server 192.0.2.1:80 192.0.2.1:443 tcp { ${line} } }`).model!.l4!,
      said,
    );
    return [kept.length, outdated.length];
  };
  assert.deepEqual(after('real_server 10.0.0.2 weight=5;'), [1, 0]);
  assert.deepEqual(after('real_server 10.0.0.2 weight=5 upper=10; scheduler sh;'), [1, 0]);
  assert.deepEqual(after('real_server 10.0.0.2 weight=6;'), [0, 1]);
  assert.deepEqual(after('real_server 10.0.0.2 weight=5 drain;'), [0, 1]);
  assert.deepEqual(after('real_server 10.0.0.1;'), [0, 1]);
});

test('keepOverrides, readOverrides: what is kept is found again, nothing leaves no file, and what is broken is told', () => {
  const dir = mkdtempSync(join(tmpdir(), 'moat-overrides-'));
  try {
    const path = join(dir, 'deep', 'orders.json');
    assert.deepEqual(readOverrides(path), []);
    const said = withOrder([], findReals(model, '10.0.0.1'), { kind: 'drain' });
    keepOverrides(path, said);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(withOverrides(model, readOverrides(path)), withOverrides(model, said));
    assert.equal(readOverrides(path).length, 2);
    keepOverrides(path, []);
    assert.equal(existsSync(path), false);
    const line = '"virtualServer":"a","realServer":"b","line":{"weight":1,"state":"ready"}';
    const unknown = ['"state":"gone"', '"health":"ill"', '"weight":0.5', '"drains":true'].map(
      said => `[{${line},${said}}]`,
    );
    for (const broken of ['', '{}', '[{"virtualServer":"a","realServer":"b","drains":true}]', ...unknown]) {
      writeFileSync(path, broken);
      assert.throws(() => readOverrides(path), Error, broken);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('overridesPathOf: a file for each place of maps', () => {
  assert.equal(overridesPathOf('/sys/fs/bpf/moat'), '/var/lib/moat/l4-orders_sys_fs_bpf_moat.json');
});
