/** USR2: a new program takes over on the same sockets. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';
import { ask, childrenOf, exists, saying } from './life.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-upgrade-'));
const socket = join(dir, 's.sock');
after(() => rmSync(dir, { recursive: true }));

/** Starts an upgrade. @returns the new program's process, which is killed at the end if it is still there */
async function upgrade(moat: Running): Promise<number> {
  const pidIn = (file: string) => Number(moat.read(file));
  moat.signal('SIGUSR2');
  await until(
    () => pidIn('rig.pid.oldbin') === moat.pid && pidIn('rig.pid') > 0,
    'the new program to listen',
  );
  const successor = pidIn('rig.pid');
  after(() => exists(successor) && process.kill(successor, 'SIGKILL'));
  return successor;
}

const MAIN = 'worker_processes 2;\nerror_log error.log notice;';

test('upgrade: two programs on the same sockets, then the new one alone, and no request fails', async () => {
  const [port = 0] = await freePorts(1);
  const moat = await startMoat(httpConf(saying('old', port, `unix:${socket}`), MAIN));
  let over = false;
  let count = 0;
  const clients = Array.from({ length: 4 }, async () => {
    for (; !over; count++) assert.equal((await request(port)).status, 200);
  });
  moat.write('nginx.conf', httpConf(saying('new', port, `unix:${socket}`), MAIN));
  const successor = await upgrade(moat);
  assert.ok(childrenOf(moat.pid).includes(successor));
  moat.signal('SIGQUIT');
  await until(() => !exists(moat.pid));
  assert.equal(existsSync(join(moat.dir, 'rig.pid.oldbin')), false);
  assert.equal(await ask(port), 'new');
  assert.equal((await request({ path: socket })).body, 'new');
  over = true;
  await Promise.all(clients);
  assert.ok(count > 20, `${count} requests`);
  process.kill(successor, 'SIGQUIT');
  await until(() => !exists(successor));
  assert.equal(existsSync(socket), false);
  await assert.rejects(moat.stop(), /died during the test \(exit code 0\)/);
});

test('upgrade: when the new program fails, the old one has its pid file again', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(httpConf(saying('old', port), MAIN));
  moat.write('nginx.conf', 'faulty');
  moat.signal('SIGUSR2');
  await until(() => moat.read().includes('the new program is gone: it ended with code 1'));
  await until(() => Number(moat.read('rig.pid')) === moat.pid);
  assert.equal(existsSync(join(moat.dir, 'rig.pid.oldbin')), false);
  assert.equal(await ask(port), 'old');
});

test('upgrade: taken back by ending the new program, also when the old workers are away', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(httpConf(saying('old', port), MAIN));
  const workers = childrenOf(moat.pid);
  moat.write('nginx.conf', httpConf(saying('new', port), MAIN));
  const successor = await upgrade(moat);
  moat.signal('SIGWINCH');
  await until(() => !workers.some(exists));
  assert.equal(await ask(port), 'new');
  process.kill(successor, 'SIGQUIT');
  await until(() => Number(moat.read('rig.pid')) === moat.pid);
  assert.equal(await ask(port), 'old');
});
