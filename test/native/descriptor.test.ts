/** Descriptors: copies, closing, inheritance, and a listener that outlives the worker thread that served it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { closeFd, dupFd, listenTcp, localAddress, setCloexec, tcpInfo } from '../../native/socket.ts';
import { flagsOf, openFds, withoutIpv6 } from './outside.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0, family: 4, backlog: 16 } as const;
const NO_FD = 2 ** 31 - 1;

async function readAll(port: number): Promise<string> {
  return (await net.connect(port, '127.0.0.1').setEncoding('latin1').toArray()).join('');
}

test('dupFd: a copy of the same socket, close-on-exec, above stderr', () => {
  const fd = listenTcp(LOOPBACK);
  const copy = dupFd(fd);
  assert.ok(copy > 2 && copy !== fd);
  assert.deepEqual(localAddress(copy), localAddress(fd));
  assert.equal(flagsOf(copy).closeOnExec, true);
  closeFd(fd);
  assert.equal(localAddress(copy).address, '127.0.0.1');
  closeFd(copy);
});

test('closeFd: frees the descriptor and its address', () => {
  const before = openFds();
  const fd = listenTcp(LOOPBACK);
  const { port } = localAddress(fd);
  closeFd(fd);
  assert.deepEqual(openFds(), before);
  closeFd(listenTcp({ ...LOOPBACK, port }));
});

test('setCloexec: off lets a program that is started inherit the descriptor', () => {
  const fd = listenTcp(LOOPBACK);
  const script = `open(my $s, "+<&=", ${fd}) or exit 1; exit(getsockname($s) ? 0 : 2)`;
  const inherits = () => spawnSync('perl', ['-e', script]).status === 0;
  assert.equal(inherits(), false);
  setCloexec(fd, false);
  assert.equal(flagsOf(fd).closeOnExec, false);
  assert.equal(inherits(), true);
  setCloexec(fd, true);
  assert.equal(inherits(), false);
  closeFd(fd);
});

test('localAddress: of IPv6', { skip: withoutIpv6 }, () => {
  const fd = listenTcp({ host: '::1', port: 0, family: 6, backlog: 1 });
  const { family, address, port } = localAddress(fd);
  assert.deepEqual([family, address], ['IPv6', '::1']);
  assert.ok(port > 0);
  closeFd(fd);
});

test('descriptor verbs: a descriptor that is not open is EBADF, one that is no number a TypeError', () => {
  const verbs: [string, (fd: number) => unknown][] = [
    ['Cannot copy descriptor', dupFd],
    ['Cannot close descriptor', closeFd],
    ['Cannot set close-on-exec of descriptor', fd => setCloexec(fd, true)],
    ['Cannot ask the address of descriptor', localAddress],
    ['Cannot read TCP_INFO of descriptor', tcpInfo],
  ];
  for (const [text, verb] of verbs) {
    assert.throws(() => verb(NO_FD), {
      code: 'EBADF',
      message: `${text} ${NO_FD}: EBADF bad file descriptor`,
    });
    for (const wrong of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', undefined, null]) {
      assert.throws(() => Reflect.apply(verb, undefined, [wrong]), TypeError);
    }
  }
});

test('tcpInfo: tells the round trip of a live connection', async () => {
  const fd = listenTcp(LOOPBACK);
  const { port } = localAddress(fd);
  const server = net.createServer().listen({ fd });
  const client = net.connect(port, '127.0.0.1');
  await once(server, 'connection').then(([socket]) => {
    const { rttUs, rttVarUs, sndCwnd, rcvSpace } = tcpInfo(socket._handle.fd);
    assert.ok(rttUs > 0 && rttUs < 10_000_000, `rtt ${rttUs}`);
    assert.ok(rttVarUs > 0 && sndCwnd > 0 && rcvSpace > 0);
    socket.destroy();
  });
  client.destroy();
  server.close();
});

const SERVE = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer(socket => socket.end(workerData.name));
  server.listen({ fd: workerData.fd }, 16, () => parentPort.postMessage('ready'));`;

async function serveIn(name: string, fd: number): Promise<Worker> {
  const worker = new Worker(SERVE, { eval: true, workerData: { name, fd } });
  await once(worker, 'message');
  return worker;
}

test('dupFd: the listener outlives the worker thread that served it', async () => {
  const kept = listenTcp(LOOPBACK);
  const { port } = localAddress(kept);
  const before = openFds();
  const first = await serveIn('first', dupFd(kept));
  assert.equal(await readAll(port), 'first');
  await first.terminate();
  assert.deepEqual(openFds(), before, 'the worker closed its copy, and nothing else');
  const waiting = readAll(port); // accepted by the kernel while nobody serves
  const second = await serveIn('second', dupFd(kept));
  assert.equal(await waiting, 'second');
  await second.terminate();
  closeFd(kept);
});

test('addon: serves several threads at once', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData).then(({ listenTcp, closeFd }) => {
      for (let at = 0; at < 50; at++) closeFd(listenTcp({ host: '127.0.0.1', port: 0, family: 4, backlog: 1 }));
      parentPort.postMessage('done');
    });`;
  const face = new URL('../../native/socket.ts', import.meta.url).href;
  const workers = [1, 2, 3].map(() => new Worker(code, { eval: true, workerData: face }));
  const answers = await Promise.all(workers.map(worker => once(worker, 'message')));
  assert.deepEqual(answers.flat(), ['done', 'done', 'done']);
  await Promise.all(workers.map(worker => worker.terminate()));
});
