/** Signals and the background: how the program starts, ends, and is told. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { freePorts, httpConf, PROGRAMS, startMoat, until } from '../e2e/rig.ts';
import { response, startUpstream } from '../e2e/upstream.ts';
import { Wire } from '../e2e/wire.ts';
import { ask, exists, isClosed, l7Of, saying } from './life.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-signals-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/** A program in front of a server that answers when it is told to, with a request under way. */
async function withRequestUnderWay(main = '') {
  const [port = 0] = await freePorts(1);
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const upstream = await startUpstream(async () => {
    asked.resolve();
    await go.promise;
    return response(200, 'late');
  });
  const conf = `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream.port}; } }`;
  const moat = await startMoat(httpConf(conf, `error_log error.log notice;\n${main}`));
  const wire = await Wire.dial(port);
  wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await asked.promise;
  return { port, upstream, moat, wire, answer: () => go.resolve() };
}

test('QUIT: accepts nothing more, finishes the request under way, removes the pid file, ends with 0', async () => {
  const { port, upstream, moat, wire, answer } = await withRequestUnderWay();
  moat.signal('SIGQUIT');
  await until(() => isClosed(port));
  assert.ok(exists(moat.pid));
  assert.ok(existsSync(join(moat.dir, 'rig.pid')));
  answer();
  const reply = await wire.reply();
  assert.equal(reply.body, 'late');
  await until(() => !exists(moat.pid));
  assert.equal(existsSync(join(moat.dir, 'rig.pid')), false);
  await assert.rejects(moat.stop(), /died during the test \(exit code 0\)/);
  wire[Symbol.dispose]();
  await upstream.stop();
});

test('QUIT: worker_shutdown_timeout ends what takes longer', async () => {
  const { upstream, moat, wire } = await withRequestUnderWay('worker_shutdown_timeout 100ms;');
  moat.signal('SIGQUIT');
  assert.equal(await wire.rest(), '');
  await until(() => !exists(moat.pid));
  await assert.rejects(moat.stop(), /exit code 0/);
  await upstream.stop();
});

test('TERM: ends at once, also while it drains', async () => {
  const { upstream, moat, wire } = await withRequestUnderWay();
  moat.signal('SIGQUIT');
  await until(() => moat.read().includes('gracefully shutting down'));
  moat.signal('SIGTERM');
  assert.equal(await wire.rest(), '');
  await until(() => !exists(moat.pid));
  await assert.rejects(moat.stop(), /exit code 0/);
  await upstream.stop();
});

test('WINCH: the workers go, control stays; HUP brings new ones', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(httpConf(saying('here', port), 'error_log error.log notice;'));
  const before = l7Of(moat.pid);
  moat.signal('SIGWINCH');
  await until(() => !exists(before));
  assert.ok(exists(moat.pid));
  const waiting = ask(port); // control holds the socket: the connection is kept for the new workers
  moat.signal('SIGHUP');
  assert.equal(await waiting, 'here');
  assert.notEqual(l7Of(moat.pid), before);
});

test('background: the command ends with 0 when the program listens, and -s reaches it', async () => {
  const [port = 0] = await freePorts(1);
  const conf = (text: string) =>
    writeFileSync(join(dir, 'a.conf'), `pid a.pid;\nerror_log a.log notice;\n${text}`);
  const run = (...more: string[]) =>
    spawnSync(PROGRAMS.moat, ['-p', dir, '-c', 'a.conf', ...more], { encoding: 'latin1' });
  conf(`events { }\nhttp { access_log off; ${saying('one', port)} }`);
  assert.deepEqual([run().status, await ask(port)], [0, 'one']);
  const pid = Number(readFileSync(join(dir, 'a.pid'), 'latin1'));
  after(() => exists(pid) && process.kill(pid, 'SIGKILL'));
  conf(`events { }\nhttp { access_log off; ${saying('two', port)} }`);
  assert.equal(run('-s', 'reload').status, 0);
  await until(async () => (await ask(port)) === 'two');
  assert.equal(run('-s', 'reopen').status, 0);
  await until(() => readFileSync(join(dir, 'a.log'), 'latin1').includes('reopening logs'));
  assert.equal(run('-s', 'quit').status, 0);
  await until(() => !exists(pid));
  assert.equal(existsSync(join(dir, 'a.pid')), false);
});

test('background: what goes wrong is said by the command, with its exit code', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(httpConf(saying('here', port)));
  writeFileSync(
    join(dir, 'b.conf'),
    `pid b.pid;\nerror_log b.log;\nevents { }\nhttp { access_log off; ${saying('x', port)} }`,
  );
  const { status, stderr } = spawnSync(PROGRAMS.moat, ['-p', dir, '-c', 'b.conf'], { encoding: 'latin1' });
  assert.match(stderr, /^nginx: \[emerg\] bind\(\) to .* failed \(98: /);
  assert.equal(status, 1);
  assert.equal(existsSync(join(dir, 'b.pid')), false);
  assert.equal(await ask(port), 'here');
  assert.ok(moat.pid);
});

test('moat run: stays in the foreground whatever daemon says; Ctrl-C ends it', async () => {
  const [port = 0] = await freePorts(1);
  writeFileSync(
    join(dir, 'run.conf'),
    `daemon on; pid run.pid;\nerror_log run.log;\nevents { }\nhttp { access_log off; ${saying('x', port)} }`,
  );
  const child = spawn(PROGRAMS.moat, ['run', '-c', join(dir, 'run.conf')], { stdio: 'ignore' });
  const ended = new Promise(resolve => child.once('exit', resolve));
  await until(() => existsSync(join(dir, 'run.pid')));
  assert.equal(Number(readFileSync(join(dir, 'run.pid'), 'latin1')), child.pid);
  child.kill('SIGINT');
  assert.equal(await ended, 0);
});
