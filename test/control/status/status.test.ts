/** `moat status` and the commands that find the running program. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts, httpConf, PROGRAMS, startMoat, until } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';
import { ask, l7Of, saying } from '../life.ts';

type Rig = Awaited<ReturnType<typeof startMoat>>;

function moat(rig: Rig, ...args: string[]) {
  const { stdout, stderr, status } = spawnSync(PROGRAMS.moat, [...args, '-c', join(rig.dir, 'nginx.conf')], {
    encoding: 'utf8',
  });
  return { stdout, stderr, status };
}

test('status: tells processes, revision, workers and listeners of the running program', async () => {
  const [port = 0] = await freePorts(1);
  await using rig = await startMoat(httpConf(saying('x', port), 'worker_processes 2;'));
  await ask(port);
  const { stdout, status } = moat(rig, 'status', '--json');
  const report = JSON.parse(stdout);
  assert.equal(status, 0);
  assert.deepEqual([report.pid, report.l7.pid, report.revision], [rig.pid, l7Of(rig.pid), 1]);
  assert.deepEqual(report.listeners, [{ key: `127.0.0.1:${port}`, sockets: 2 }]);
  assert.equal(report.l7.workers.length, 2);
  const requests = report.l7.workers.map(({ engine }: { engine: { requests: number } }) => engine.requests);
  assert.equal(requests[0] + requests[1], 1);
  assert.match(moat(rig, 'status').stdout, new RegExp(`process ${rig.pid} .*nginx\\.conf\n`));
});

test('status: counts are exact, also of workers that have ended', async () => {
  const [port = 0] = await freePorts(1);
  await using rig = await startMoat(httpConf(saying('x', port), 'worker_processes 2;'));
  const told = () => JSON.parse(moat(rig, 'status', '--json').stdout);
  for (let asked = 0; asked < 20; asked++) await ask(port);
  rig.reload(httpConf(saying('x', port), 'worker_processes 1;'));
  await until(() => told().l7.workers.length === 1, 'one worker');
  await ask(port);
  await until(() => told().l7.traffic.connections.active === 0, 'the last connection is closed');
  const { traffic } = told().l7;
  assert.equal(traffic.requests, 21);
  assert.equal(traffic.accepted, 21);
  assert.equal(traffic.answers[2], 21);
  assert.equal(traffic.durations.count, 21);
});

test('status: only its owner may ask', async () => {
  const [port = 0] = await freePorts(1);
  await using rig = await startMoat(httpConf(saying('x', port)));
  assert.equal(statSync(join(rig.dir, 'rig.sock')).mode & 0o777, 0o600);
});

test('status: whatever is said on its socket, the program goes on', async () => {
  const [port = 0] = await freePorts(1);
  await using rig = await startMoat(httpConf(saying('x', port)));
  for (const said of [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'what\nstatus\nwhat\n',
    '\n\n\n',
    '\0'.repeat(100_000),
  ]) {
    const socket = connect(join(rig.dir, 'rig.sock'));
    socket.on('error', () => {});
    socket.end(said);
    await once(socket.resume(), 'close');
  }
  assert.equal(await ask(port), 'x');
  assert.equal(moat(rig, 'status').status, 0);
});

test('status: a server may listen where its socket would be, and is not pushed aside', async () => {
  const conf = `daemon off; pid DIR/own.pid; error_log DIR/own.log warn; events { } http { access_log off; ${saying('unix', 'unix:DIR/own.sock')} }`;
  const dir = mkdtempSync(join(tmpdir(), 'status-'));
  writeFileSync(join(dir, 'own.conf'), conf.replaceAll('DIR', dir));
  const program = spawn(PROGRAMS.moat, ['-c', join(dir, 'own.conf')], { stdio: 'ignore' });
  const log = () => (existsSync(join(dir, 'own.log')) ? readFileSync(join(dir, 'own.log'), 'latin1') : '');
  await until(() => existsSync(join(dir, 'own.pid')), 'the program to listen');
  assert.equal((await request({ path: join(dir, 'own.sock') })).body, 'unix');
  assert.match(
    log(),
    /moat status will get no answer: .*own\.sock, beside the pid file, is where a server listens/,
  );
  program.kill('SIGQUIT');
  await once(program, 'exit');
  rmSync(dir, { recursive: true });
});

test('status: tells why the last reload was refused, until one is not', async () => {
  const [port = 0] = await freePorts(1);
  await using rig = await startMoat(httpConf(saying('x', port)));
  rig.reload('faulty;');
  await until(() => rig.read().includes('stays'));
  rig.write('nginx.conf', httpConf(saying('x', port))); // the command reads it to find the pid file
  assert.match(moat(rig, 'status').stdout, /! the last reload was refused: the configuration is faulty\n/);
  assert.equal(moat(rig, 'reload').status, 0);
  await until(() => JSON.parse(moat(rig, 'status', '--json').stdout).revision === 2);
  assert.doesNotMatch(moat(rig, 'status').stdout, /refused/);
});

test('status: without a running program', async () => {
  const [port = 0] = await freePorts(1);
  await using rig = await startMoat(httpConf(saying('x', port)));
  rig.write('other.conf', 'pid other.pid;\nevents { }\n');
  const { stderr, status } = spawnSync(PROGRAMS.moat, ['status', '-c', join(rig.dir, 'other.conf')], {
    encoding: 'utf8',
  });
  assert.match(
    stderr,
    /\[error\] no running moat answers at ".*other\.sock" \(2: no such file or directory\)\n/,
  );
  assert.equal(status, 1);
});
