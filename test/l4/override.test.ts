/** What an operator says of real servers, laid over their lines. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepOverrides, overridesPathOf, readOverrides } from '../../l4/kept-overrides.ts';
import { findReals, type Override, partOverrides, withOrder, withOverrides } from '../../l4/override.ts';
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
    for (const broken of ['', '{}', '[{"virtualServer":"a","realServer":"b","drains":true}]']) {
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
