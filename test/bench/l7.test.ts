/** The instruments of the L7 benchmark: what they read and how they tell it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { chart } from '../../bench/l7/chart.ts';
import { Children } from '../../bench/l7/children.ts';
import { scaleConf } from '../../bench/l7/conf-scale.ts';
import { cores } from '../../bench/l7/machine.ts';
import { optionsFrom, PEER_NAMES, SCENARIO_NAMES } from '../../bench/l7/options.ts';
import { cpuOf, memoryOf, treeOf } from '../../bench/l7/process-tree.ts';
import { tables } from '../../bench/l7/report.ts';
import { type Row, spread } from '../../bench/l7/rounds.ts';
import { SCENARIOS } from '../../bench/l7/scenarios.ts';

const flat = (value: number) => spread([value]);
const row = (peer: string, user: number, system: number, errors = 0): Row => ({
  scenario: 'small',
  peer,
  userUs: flat(user),
  systemUs: flat(system),
  totalUs: flat(user + system),
  perSecond: flat(1000),
  bytesPerSecond: flat(1e6),
  p50Us: flat(1500),
  p99Us: flat(2000),
  p999Us: flat(3000),
  requests: 2000,
  errors,
  pssBytes: 5e6,
});

test('bench options: names are chosen in the order of the table, unknown ones refused', () => {
  const options = optionsFrom(['--only', 'idle,small', '--peers', 'nginx,moat', '--quick']);
  assert.ok(typeof options !== 'string');
  assert.deepEqual(
    [options.only, options.peers, options.quick],
    [['small', 'idle'], ['moat', 'nginx'], true],
  );
  assert.match(String(optionsFrom(['--only', 'smal'])), /unknown scenario smal/);
  assert.match(String(optionsFrom(['--peers', 'apache'])), /unknown peer apache/);
  assert.match(String(optionsFrom(['--rounds', '0'])), /--rounds/);
  assert.match(String(optionsFrom(['--fast'])), /unknown option/);
});

test('bench scenarios: each name on the command line is a scenario, in order', () => {
  assert.deepEqual(
    SCENARIOS.map(({ name }) => name),
    SCENARIO_NAMES,
  );
  assert.equal(PEER_NAMES.length, 4);
});

test('process tree: children of children count, and their work shows', async () => {
  const shell = spawn(
    'sh',
    ['-c', 'sh -c "sleep 60; :" & i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; wait'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    },
  );
  try {
    await once(shell.stdout, 'data');
    assert.ok(treeOf(shell.pid!).length >= 3);
    const { userMs, systemMs } = cpuOf(shell.pid!);
    assert.ok(userMs + systemMs > 0);
    assert.ok(memoryOf(shell.pid!).rssBytes > memoryOf(shell.pid!).pssBytes);
  } finally {
    process.kill(-shell.pid!, 'SIGKILL');
  }
});

test('children: leaving the scope ends a whole group', async () => {
  let tree: number[] = [];
  {
    await using children = new Children();
    const { pid, process: child } = children.spawn(['sh', '-c', 'sleep 60 & echo up; wait'], {
      cores: cores().load,
    });
    await once(child.stdout!, 'data');
    tree = treeOf(pid);
  }
  assert.ok(tree.length >= 2);
  for (const pid of tree) assert.throws(() => process.kill(pid, 0), /ESRCH/);
});

test('report: ratios are against nginx, and a row with errors says that it is not valid', () => {
  const lines = tables([row('moat', 4, 12, 3), row('nginx', 2, 8)]);
  assert.match(lines[1]!, /^moat +16\.00 .* 1\.60 .* INVALID: 3 errors$/);
  assert.match(lines[2]!, /^nginx +10\.00 .* 1\.00 /);
  assert.deepEqual(spread([3, 1, 2, 10]), { median: 2.5, min: 1, max: 10 });
});

test('chart: every row is drawn, and what is read is escaped', () => {
  const machine = {
    cpu: 'a<b',
    kernel: '6',
    commit: 'c',
    date: '2026-01-01',
    cores: 2,
    memoryBytes: 1,
    busy: 0,
    versions: {},
  };
  const options = optionsFrom([]);
  assert.ok(typeof options !== 'string');
  const rows = [row('moat', 4, 12), row('nginx', 2, 8), row('http-proxy', 100, 100)];
  const svg = chart({ machine, options, rows, facts: [], notes: [], configs: {} });
  assert.equal(svg.match(/<rect/g)?.length, 1 + 2 * rows.length);
  assert.match(svg, /×1\.60/);
  assert.match(svg, /a&#60;b/);
});

test('scale: the configuration holds as many servers and locations as it is told', () => {
  const text = scaleConf(7, 3, 1234, [5001], 'moat');
  assert.equal(text.match(/server_name s\d/g)?.length, 7);
  assert.equal(text.match(/location \/at\//g)?.length, 7);
  assert.match(text, /version 3/);
});
