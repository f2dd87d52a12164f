/** USR2 with an api block: the new program has its sockets, tokens and sessions; when that fails, the old one has them again. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { freePorts, until } from '../../e2e/rig.ts';
import { exists } from '../life.ts';
import { type Rig, startApi } from './api-rig.ts';
import { Browser } from './browser.ts';

const answers = (ask: () => Promise<{ readonly status: number }>) => () =>
  ask().then(
    ({ status }) => status === 200,
    () => false,
  );

async function upgrade({ moat }: Rig): Promise<number> {
  const pidIn = (file: string) => Number(moat.read(file));
  moat.signal('SIGUSR2');
  await until(() => pidIn('rig.pid.oldbin') === moat.pid && pidIn('rig.pid') > 0, 'the new program');
  const successor = pidIn('rig.pid');
  after(() => exists(successor) && process.kill(successor, 'SIGKILL'));
  return successor;
}

test('upgrade: the new program answers for the API, knows tokens and sessions, and goes on when the old one is gone', async () => {
  await using rig = await startApi();
  const token = rig.token('viewer');
  const ada = await Browser.of(rig, 'admin', 'ada');
  const pidOf = async () => (await rig.call('/api/v1/status', { token })).body.pid;
  assert.equal(await pidOf(), rig.moat.pid);
  const successor = await upgrade(rig);
  await until(
    answers(() => rig.call('/api/v1/status', { token })),
    'the API to be back',
  );
  assert.equal(await pidOf(), successor);
  assert.equal((await ada.call('/api/v1/me')).body.name, 'ada');
  assert.equal(rig.command('token', 'create', 'late').status, 0);
  process.kill(successor, 'SIGQUIT');
  await until(() => !exists(successor));
  await until(
    answers(() => rig.call('/api/v1/status', { token })),
    'the old program to take it back',
  );
  assert.equal(await pidOf(), rig.moat.pid);
  assert.equal((await ada.call('/api/v1/me')).body.name, 'ada');
  assert.match(rig.command('token', 'list').stdout, /^late /m, 'what was made meanwhile is lost');
});

test('upgrade: a new program that cannot start leaves the API with the old one', async () => {
  const [other = 0] = await freePorts(1);
  await using rig = await startApi();
  const token = rig.token('viewer');
  rig.moat.write('nginx.conf', 'faulty');
  rig.moat.signal('SIGUSR2');
  await until(() => rig.moat.read().includes('the new program is gone: it ended with code 1'));
  await until(
    answers(() => rig.call('/api/v1/status', { token })),
    'the API to be back',
  );
  rig.moat.reload(rig.conf().replace(`127.0.0.1:${rig.port}`, `127.0.0.1:${other}`));
  await until(() => rig.moat.read().includes('configuration 2 is in force'), 'a reload as ever');
});

test('upgrade: the old program goes and the new one stays, with its API', async () => {
  const rig = await startApi();
  const token = rig.token('viewer');
  const successor = await upgrade(rig);
  rig.moat.signal('SIGQUIT');
  await until(() => !exists(rig.moat.pid));
  await until(
    answers(() => rig.call('/api/v1/status', { token })),
    'the API',
  );
  assert.equal((await rig.call('/api/v1/status', { token })).body.pid, successor);
  assert.equal(rig.command('token', 'create', 'late').status, 0);
  process.kill(successor, 'SIGQUIT');
  await until(() => !exists(successor));
  await assert.rejects(async () => rig[Symbol.asyncDispose](), /died during the test/);
  rmSync(rig.state, { recursive: true });
});

test('upgrade: a program that fails to take over leaves a change that waits to the one that runs', async () => {
  const rig = await startApi('server { listen 127.0.0.1:PORT; location / { return 200 one; } }');
  const path = `${rig.moat.dir}/nginx.conf`;
  const two = rig.conf('server { listen 127.0.0.1:PORT; location / { return 200 two; } }');
  writeFileSync(`${rig.moat.dir}/two.conf`, two);
  const applied = rig.command('apply', `${rig.moat.dir}/two.conf`, '--confirm', '1h');
  assert.equal(applied.status, 0, applied.stderr);
  const successor = await upgrade(rig);
  rig.moat.signal('SIGQUIT');
  await until(() => !exists(rig.moat.pid));
  const waits = () => existsSync(`${rig.moat.dir}/.nginx.conf.history/waiting.json`);
  assert.ok(waits());
  rig.moat.write('nginx.conf', 'faulty');
  process.kill(successor, 'SIGUSR2');
  await until(() => rig.moat.read().includes('the new program is gone: it ended with code 1'), 'its failure');
  assert.equal(readFileSync(path, 'latin1'), 'faulty', 'what lies there is not touched');
  assert.ok(waits(), 'the change waits on');
  rig.moat.write('nginx.conf', two);
  assert.equal(rig.command('confirm').status, 0);
  assert.ok(!waits());
  process.kill(successor, 'SIGQUIT');
  await until(() => !exists(successor));
  await assert.rejects(async () => rig[Symbol.asyncDispose](), /died during the test/);
  rmSync(rig.state, { recursive: true });
});
