/** What systemd is told: a real program, and a datagram socket that hears what it says. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ServiceManager } from '../../control/service-manager.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { exists, saying } from './life.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-manager-'));
after(() => rmSync(dir, { recursive: true }));

/** Node has no Unix datagrams: perl writes each as a line, its line ends as `|`. */
const RECEIVER = `use Socket; $| = 1; socket(my $s, PF_UNIX, SOCK_DGRAM, 0);
  bind($s, pack_sockaddr_un($ARGV[0] =~ s/^@/\\0/r)) or die $!;
  print "up\\n"; while (1) { recv($s, my $m, 65536, 0); $m =~ s/\\n/|/g; print "$m\\n" }`;

/** A manager that listens at `socket`. @returns what it has heard so far */
async function manager(socket: string): Promise<() => string[]> {
  const child = spawn('perl', ['-e', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  after(() => child.kill());
  let text = '';
  child.stdout.setEncoding('latin1').on('data', (part: string) => (text += part));
  await once(child.stdout, 'data');
  return () => text.split('\n').slice(1, -1);
}

const withoutTime = (line: string) => line.replace(/USEC=\d+/, 'USEC=N');
const isPing = (line: string) => line === 'WATCHDOG=1';

test('systemd is told of the start, of reloads as they end, and of the end', async () => {
  const socket = join(dir, 'life');
  const heard = await manager(socket);
  const said = () => heard().map(withoutTime);
  const [port = 0] = await freePorts(1);
  const moat = await startMoat(httpConf(saying('one', port)), { env: { NOTIFY_SOCKET: socket } });
  await until(() => said().length === 1);
  moat.reload(httpConf(saying('two', port)));
  await until(() => said().length === 3);
  moat.reload('faulty');
  await until(() => said().length === 5);
  await moat.stop();
  await until(() => said().length === 6);
  assert.deepEqual(said(), [
    'READY=1|STATUS=configuration 1 is in force',
    'RELOADING=1|MONOTONIC_USEC=N|STATUS=reloading',
    'READY=1|STATUS=configuration 2 is in force',
    'RELOADING=1|MONOTONIC_USEC=N|STATUS=reloading',
    'READY=1|STATUS=the last reload was refused: the configuration is faulty: the configuration in force stays',
    'STOPPING=1|STATUS=finishing what is being served',
  ]);
});

async function upgraded(moat: Running): Promise<number> {
  moat.signal('SIGUSR2');
  await until(
    () => Number(moat.read('rig.pid.oldbin')) === moat.pid && Number(moat.read('rig.pid')) > 0,
    'the new program to listen',
  );
  return Number(moat.read('rig.pid'));
}

test('an upgrade: the old program names the new one when it leaves, and only then is that one heard', async () => {
  const socket = `@moat-test-${process.pid}`;
  const heard = await manager(socket);
  const said = () => heard().filter(line => !isPing(line));
  const [port = 0] = await freePorts(1);
  const moat = await startMoat(httpConf(saying('one', port)), { env: { NOTIFY_SOCKET: socket } });
  const successor = await upgraded(moat);
  after(() => exists(successor) && process.kill(successor, 'SIGKILL'));
  moat.signal('SIGQUIT');
  await until(() => !exists(moat.pid));
  await until(() => said().length === 2);
  process.kill(successor, 'SIGQUIT');
  await until(() => !exists(successor));
  await until(() => said().length === 3);
  assert.deepEqual(said(), [
    'READY=1|STATUS=configuration 1 is in force',
    `MAINPID=${successor}`,
    'STOPPING=1|STATUS=finishing what is being served',
  ]);
  await assert.rejects(moat.stop(), /died during the test \(exit code 0\)/);
});

test('the watchdog is fed by the process that it watches, from READY on', async () => {
  const socket = join(dir, 'watchdog');
  const heard = await manager(socket);
  const [port = 0] = await freePorts(1);
  const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '200000' };
  const moat = await startMoat(httpConf(saying('one', port)), { env });
  await until(() => heard().filter(isPing).length >= 3);
  await moat.stop();
  assert.match(heard()[0]!, /^READY=1/);
});

test('a manager that is gone, or never was, keeps nobody waiting', async () => {
  for (const environment of [{}, { NOTIFY_SOCKET: join(dir, 'absent') }, { NOTIFY_SOCKET: 'relative' }]) {
    const gone = new ServiceManager(environment);
    gone.ready('ready');
    gone.stopping();
    await gone.said();
  }
});
