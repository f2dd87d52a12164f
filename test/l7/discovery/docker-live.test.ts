/** Docker itself as a source: an engine whose socket MOAT_DOCKER names, with containers that do nothing but stay. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../e2e/rig.ts';
import { poolWith } from './models.ts';
import { Reader } from './reader.ts';

const socket = process.env.MOAT_DOCKER;
const skip = socket ? false : 'MOAT_DOCKER=/path/of/docker.sock has a running engine start containers';
const IMAGE = 'moat-discover-stay:test';
const NETWORK = 'moat-discover-test';
const SUBNET = '172.31.99.0/24';

function run(program: string, words: readonly string[], cwd?: string): string {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', ...(cwd && { cwd }) });
  assert.equal(status, 0, `${program} ${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}
const docker = (...words: string[]) => run('docker', ['-H', `unix://${socket}`, ...words]);

/** An image of one static program: engines here can pull none. */
function makeImage(): void {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'stay-'));
  writeFileSync(join(folder.path, 'stay.c'), '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n');
  run('gcc', ['-static', '-o', 'stay', 'stay.c'], folder.path);
  run('tar', ['-cf', 'stay.tar', 'stay'], folder.path);
  docker('import', '-c', 'ENTRYPOINT ["/stay"]', '-c', 'EXPOSE 8080', join(folder.path, 'stay.tar'), IMAGE);
}

const start = (name: string, ...more: string[]) =>
  docker('run', '-d', '--name', `moat-discover-${name}`, '--network', NETWORK, ...more, IMAGE);

test('discover docker: follows a real engine: containers that start, are killed, have no label, or labels of their own', {
  skip,
}, async () => {
  await using away = new AsyncDisposableStack();
  makeImage();
  away.defer(() => void docker('rmi', IMAGE));
  docker('network', 'create', '--subnet', SUBNET, NETWORK);
  away.defer(() => void docker('network', 'rm', NETWORK));
  const names = ['one', 'two', 'other'].map(name => `moat-discover-${name}`);
  away.defer(() => void spawnSync('docker', ['-H', `unix://${socket}`, 'rm', '-f', ...names]));

  start('one', '--label', 'moat.pool=web', '--ip', '172.31.99.11');
  start('other', '--label', 'moat.pool=mail', '--ip', '172.31.99.13');
  using reader = new Reader(poolWith(`discover docker unix:${socket} label=moat.pool=web;`));
  await reader.named('172.31.99.11:8080');
  start(
    'two',
    ...['moat.pool=web', 'moat.port=9000', 'moat.weight=3'].flatMap(one => ['--label', one]),
    '--ip',
    '172.31.99.12',
  );
  await reader.named('172.31.99.11:8080, 172.31.99.12:9000 3');
  docker('kill', names[0]!);
  await reader.named('172.31.99.12:9000 3');
  docker('start', names[0]!);
  await reader.named('172.31.99.11:8080, 172.31.99.12:9000 3');
  docker('rm', '-f', names[0]!, names[1]!);
  await until(() => reader.figures.error === 'it names no members', 'nobody to be left');
  assert.equal(reader.figures.state, 'stale');
  assert.equal(reader.figures.failures, 0);
});
