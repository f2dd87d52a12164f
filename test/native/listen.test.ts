/** Listening sockets: what is asked of the kernel arrives there, and what it refuses is told in words. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  bindTcp,
  closeFd,
  listenFd,
  listenTcp,
  listenUnix,
  localAddress,
  type NativeError,
  outgoingSocket,
  steerGroup,
  tuneListener,
  unsteerGroup,
} from '../../native/socket.ts';
import { flagsOf, inChild, openFds, socketOption, withoutIpv6, withoutRoot } from './outside.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0, family: 4, backlog: 16 } as const;
const SOL_SOCKET = 1;
const IPPROTO_TCP = 6;

const dir = mkdtempSync(join(tmpdir(), 'moat-listen-'));
after(() => rmSync(dir, { recursive: true }));

/** Serves on the descriptor (which the server closes) and echoes until the test ends it. */
async function echoOn(fd: number): Promise<net.Server> {
  const server = net.createServer(socket => socket.pipe(socket));
  server.listen({ fd }, LOOPBACK.backlog);
  await once(server, 'listening');
  return server;
}

async function roundTrip(options: net.NetConnectOpts): Promise<string> {
  const socket = net.connect(options);
  socket.end('hello');
  return (await socket.setEncoding('latin1').toArray()).join('');
}

test('listenTcp: serves clients through net.Server', async () => {
  const fd = listenTcp(LOOPBACK);
  const { address, port, family } = localAddress(fd);
  assert.deepEqual([address, family], ['127.0.0.1', 'IPv4']);
  const server = await echoOn(fd);
  assert.equal(await roundTrip({ host: address, port }), 'hello');
  server.close();
});

test('listenTcp: the descriptor is non-blocking and close-on-exec', () => {
  const fd = listenTcp(LOOPBACK);
  assert.deepEqual(flagsOf(fd), { nonBlocking: true, closeOnExec: true });
  closeFd(fd);
});

test('listenTcp: every option stands on the socket', () => {
  const fd = listenTcp({
    ...LOOPBACK,
    reusePort: true,
    keepAlive: { on: true, idleS: 77, intervalS: 7, count: 5 },
    fastOpen: 33,
    deferAccept: true,
    receiveBufferBytes: 50_000,
    sendBufferBytes: 60_000,
  });
  const [SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_RCVBUF, SO_SNDBUF] = [2, 15, 9, 8, 7];
  const [TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_FASTOPEN, TCP_DEFER_ACCEPT] = [4, 5, 6, 23, 9];
  assert.equal(socketOption(fd, SOL_SOCKET, SO_REUSEADDR), 1);
  assert.equal(socketOption(fd, SOL_SOCKET, SO_REUSEPORT), 1);
  assert.equal(socketOption(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  assert.equal(
    socketOption(fd, SOL_SOCKET, SO_RCVBUF),
    100_000,
    'the kernel doubles it for its own book-keeping',
  );
  assert.equal(socketOption(fd, SOL_SOCKET, SO_SNDBUF), 120_000);
  assert.equal(socketOption(fd, IPPROTO_TCP, TCP_KEEPIDLE), 77);
  assert.equal(socketOption(fd, IPPROTO_TCP, TCP_KEEPINTVL), 7);
  assert.equal(socketOption(fd, IPPROTO_TCP, TCP_KEEPCNT), 5);
  assert.equal(socketOption(fd, IPPROTO_TCP, TCP_FASTOPEN), 33);
  assert.ok(socketOption(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT) > 0);
  closeFd(fd);
});

test('tuneListener: changes what is given and leaves the rest', () => {
  const fd = listenTcp({ ...LOOPBACK, keepAlive: { on: true, idleS: 77 }, fastOpen: 33 });
  tuneListener(fd, { keepAlive: { on: false }, deferAccept: false, fastOpen: undefined });
  assert.equal(socketOption(fd, SOL_SOCKET, 9), 0);
  assert.equal(socketOption(fd, IPPROTO_TCP, 4), 77);
  assert.equal(socketOption(fd, IPPROTO_TCP, 23), 33);
  closeFd(fd);
});

test('steerGroup: of sockets that share an address the later ones have the share that they are given, and none when it is 0', async () => {
  const first = listenTcp({ ...LOOPBACK, reusePort: true });
  const { port } = localAddress(first);
  const fds = [first, ...[1, 2].map(() => listenTcp({ ...LOOPBACK, port, reusePort: true }))];
  const counts = fds.map(() => 0);
  const servers = fds.map((fd, at) =>
    net.createServer(socket => socket.end(() => counts[at]!++)).listen({ fd, backlog: LOOPBACK.backlog }),
  );
  const ask = async (times: number) => {
    counts.fill(0);
    for (let n = 0; n < times; n++) await once(net.connect(port, '127.0.0.1').resume(), 'close');
    return [...counts];
  };
  steerGroup(first, { first: 2, others: 1, othersPercent: 0 });
  assert.equal((await ask(40))[2], 0);
  steerGroup(first, { first: 2, others: 1, othersPercent: 100 });
  assert.deepEqual(await ask(20), [0, 0, 20]);
  steerGroup(fds[2]!, { first: 2, others: 1, othersPercent: 50 });
  assert.ok((await ask(60)).every(count => count > 0)); // by chance alone not once in a million times
  unsteerGroup(first);
  unsteerGroup(first);
  assert.throws(() => steerGroup(first, { first: 0, others: 1, othersPercent: 1 }), TypeError);
  assert.throws(() => steerGroup(first, { first: 1, others: 1, othersPercent: 101 }), TypeError);
  for (const server of servers) server.close();
});

test('listenTcp: deferAccept hands over the client that speaks before the one that is silent', async () => {
  const fd = listenTcp({ ...LOOPBACK, deferAccept: true });
  const port = localAddress(fd).port;
  const server = net.createServer().listen({ fd });
  const silent = net.connect(port, '127.0.0.1');
  await once(silent, 'connect');
  const speaker = net.connect(port, '127.0.0.1').on('connect', () => speaker.write('x'));
  const [first] = await once(server, 'connection');
  assert.equal(first.remotePort, speaker.localPort);
  silent.write('y');
  const [second] = await once(server, 'connection');
  assert.equal(second.remotePort, silent.localPort);
  for (const socket of [silent, speaker, first, second]) socket.destroy();
  server.close();
});

test('listenTcp: reusePort lets two listeners share a port, and without it the second is refused', () => {
  const first = listenTcp({ ...LOOPBACK, reusePort: true });
  const { port } = localAddress(first);
  const second = listenTcp({ ...LOOPBACK, port, reusePort: true });
  assert.equal(localAddress(second).port, port);
  assert.throws(() => listenTcp({ ...LOOPBACK, port }), { code: 'EADDRINUSE' });
  closeFd(first);
  closeFd(second);
});

test('listenTcp: a taken port is told with its address, and leaks no descriptor', () => {
  const fd = listenTcp(LOOPBACK);
  const { port } = localAddress(fd);
  const before = openFds();
  assert.throws(
    () => listenTcp({ ...LOOPBACK, port }),
    (error: NativeError) => {
      assert.ok(error instanceof Error);
      assert.equal(error.message, `Cannot bind 127.0.0.1:${port}: EADDRINUSE address already in use`);
      assert.deepEqual(
        { ...error },
        { code: 'EADDRINUSE', errno: -98, syscall: 'bind', object: `127.0.0.1:${port}` },
      );
      return true;
    },
  );
  assert.deepEqual(openFds(), before);
  closeFd(fd);
});

test('listenTcp: an address of another machine is refused', () => {
  assert.throws(() => listenTcp({ ...LOOPBACK, host: '192.0.2.1' }), { code: 'EADDRNOTAVAIL' });
});

const reserved = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1')) - 1;
const noReserved = reserved < 1 && 'no port is reserved here: ip_unprivileged_port_start is 0';
test('listenTcp: a reserved port is refused to a user', { skip: noReserved || withoutRoot }, async () => {
  const message = await inChild(`identity.setUser('nobody');
    try { socket.listenTcp({ host: '127.0.0.1', port: ${reserved}, family: 4, backlog: 1 }); }
    catch (error) { answer(error.message); }`);
  assert.equal(message, `Cannot bind 127.0.0.1:${reserved}: EACCES permission denied`);
});

test('listenTcp: bindDevice takes an interface and refuses what is none', () => {
  closeFd(listenTcp({ ...LOOPBACK, bindDevice: 'lo' }));
  assert.throws(() => listenTcp({ ...LOOPBACK, bindDevice: 'none0' }), {
    message: 'Cannot set SO_BINDTODEVICE on 127.0.0.1:0: ENODEV no such device',
  });
});

test('listenTcp: IPv6 alone or with IPv4', { skip: withoutIpv6 }, async () => {
  const alone = listenTcp({ host: '::', port: 0, family: 6, backlog: 1 });
  const { port, family } = localAddress(alone);
  assert.equal(family, 'IPv6');
  closeFd(listenTcp({ ...LOOPBACK, host: '0.0.0.0', port }));
  closeFd(alone);
  const both = listenTcp({ host: '::', port: 0, family: 6, backlog: 1, ipv6Only: false });
  assert.throws(() => listenTcp({ ...LOOPBACK, host: '0.0.0.0', port: localAddress(both).port }), {
    code: 'EADDRINUSE',
  });
  const server = await echoOn(both);
  assert.equal(await roundTrip({ host: '127.0.0.1', port: localAddress(both).port }), 'hello');
  server.close();
  assert.throws(() => listenTcp({ host: '::1%none0', port: 0, family: 6, backlog: 1 }), TypeError);
});

test('listenTcp: a wrong argument is a TypeError that names it', () => {
  const wrong: [object | undefined, RegExp][] = [
    [undefined, /its options must be an object/],
    [{ ...LOOPBACK, host: 'localhost' }, /host must be an IPv4 address/],
    [{ ...LOOPBACK, host: '1.2.3.4\0' }, /host must hold chars 1\.\.255 only/],
    [{ ...LOOPBACK, host: '1'.repeat(200) }, /host must be at most \d+ bytes long/],
    [{ ...LOOPBACK, host: 7 }, /host must be a string/],
    [{ ...LOOPBACK, family: 6 }, /host must be an IPv6 address/],
    [{ ...LOOPBACK, family: 5 }, /family must be 4 or 6/],
    [{ ...LOOPBACK, port: 65536 }, /port must be a whole number from 0 to 65535/],
    [{ ...LOOPBACK, port: '80' }, /port must be a whole number/],
    [{ ...LOOPBACK, backlog: 0 }, /backlog must be a whole number from 1/],
    [{ ...LOOPBACK, backlog: 1.5 }, /backlog must be a whole number/],
    [{ ...LOOPBACK, backlog: NaN }, /backlog must be a whole number/],
    [{ ...LOOPBACK, reusePort: 1 }, /reusePort must be true or false/],
    [{ ...LOOPBACK, keepAlive: true }, /options must be an object/],
    [{ ...LOOPBACK, keepAlive: { on: true, idleS: 0 } }, /idleS must be a whole number from 1/],
    [{ ...LOOPBACK, bindDevice: 'a-name-of-sixteen' }, /bindDevice must be at most 15 bytes/],
  ];
  const before = openFds();
  for (const [options, message] of wrong) {
    assert.throws(() => Reflect.apply(listenTcp, undefined, [options]), { name: 'TypeError', message });
  }
  assert.deepEqual(openFds(), before);
});

test('listenTcp: an error in a getter of the options comes through as it is', () => {
  const options = {
    get host(): string {
      throw new RangeError('mine');
    },
    ...({ port: 0, family: 4, backlog: 1 } as const),
  };
  assert.throws(() => listenTcp(options), { name: 'RangeError', message: 'mine' });
});

test('bindTcp: takes the address and refuses clients until listenFd()', async () => {
  const fd = bindTcp(LOOPBACK);
  const { port } = localAddress(fd);
  const [refusal] = await once(net.connect(port, '127.0.0.1'), 'error').catch(error => [error]);
  assert.equal(refusal.code, 'ECONNREFUSED');
  listenFd(fd, 16);
  const server = await echoOn(fd);
  assert.equal(await roundTrip({ port }), 'hello');
  server.close();
});

test('listenFd: refuses what is no socket', () => {
  assert.throws(() => listenFd(2 ** 31 - 1, 1), { code: 'EBADF', syscall: 'listen' });
  assert.throws(() => listenFd(-1, 1), TypeError);
});

test('listenUnix: serves clients, with the mode asked for whatever the umask', async () => {
  const [open, closed] = [join(dir, 'open.sock'), join(dir, 'closed.sock')];
  const before = process.umask(0o077);
  const fds = [
    listenUnix({ path: open, backlog: 16 }),
    listenUnix({ path: closed, backlog: 16, mode: 0o600 }),
  ];
  process.umask(before);
  assert.equal(statSync(open).mode & 0o777, 0o666);
  assert.equal(statSync(closed).mode & 0o777, 0o600);
  assert.deepEqual(localAddress(fds[0]!), { family: 'unix', address: open, port: 0 });
  assert.deepEqual(flagsOf(fds[0]!), { nonBlocking: true, closeOnExec: true });
  const servers = await Promise.all(fds.map(echoOn));
  assert.equal(await roundTrip({ path: open }), 'hello');
  for (const server of servers) server.close();
});

test('listenUnix: a file that is there already stays, and is told', () => {
  const path = join(dir, 'stale.sock');
  writeFileSync(path, 'mine');
  assert.throws(() => listenUnix({ path, backlog: 1 }), {
    message: `Cannot bind unix:${path}: EADDRINUSE address already in use`,
  });
  assert.equal(readFileSync(path, 'latin1'), 'mine');
});

test('listenUnix: a path that fits no socket address is a TypeError', () => {
  assert.throws(() => listenUnix({ path: `/${'x'.repeat(107)}`, backlog: 1 }), {
    message: /at most 107 bytes/,
  });
  assert.throws(() => listenUnix({ path: '', backlog: 1 }), { message: /must not be empty/ });
  assert.throws(() => listenUnix({ path: '/tmp/\u0142', backlog: 1 }), { message: /chars 1\.\.255/ });
  assert.throws(() => listenUnix({ path: '/tmp/x', backlog: 1, mode: 0o1777 }), {
    message: /mode must be a whole number/,
  });
});

test('outgoingSocket: a client speaks from the address and port it was bound to', async () => {
  const server = net.createServer(socket => socket.end(`${socket.remoteAddress} ${socket.remotePort}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const spare = listenTcp(LOOPBACK);
  const localPort = localAddress(spare).port;
  closeFd(spare);
  const any = outgoingSocket({ family: 4, localAddress: '127.0.0.9' });
  const exact = outgoingSocket({ family: 4, localAddress: '127.0.0.9', localPort });
  assert.deepEqual(flagsOf(any), { nonBlocking: true, closeOnExec: true });
  const seen: string[] = [];
  for (const fd of [any, exact]) {
    const options = { fd, manualStart: true }; // manualStart: a read before connect() would fail with ENOTCONN
    const socket = new net.Socket(options).connect(port, '127.0.0.1');
    seen.push((await socket.setEncoding('latin1').toArray()).join(''));
  }
  assert.match(seen[0]!, /^127\.0\.0\.9 \d+$/);
  assert.equal(seen[1], `127.0.0.9 ${localPort}`);
  server.close();
});

test('outgoingSocket: without an address it is bound to nothing, and has the options it is given', () => {
  const options = { keepAlive: { on: true }, receiveBufferBytes: 20_000, sendBufferBytes: 30_000 };
  const fd = outgoingSocket({ family: 4, ...options });
  assert.deepEqual(localAddress(fd), { family: 'IPv4', address: '0.0.0.0', port: 0 });
  const [SOL_SOCKET, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE] = [1, 7, 8, 9];
  assert.equal(socketOption(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  assert.equal(socketOption(fd, SOL_SOCKET, SO_RCVBUF), 40_000); // the kernel doubles what it is told
  assert.equal(socketOption(fd, SOL_SOCKET, SO_SNDBUF), 60_000);
  closeFd(fd);
});

test('outgoingSocket: a foreign address needs `transparent`', { skip: withoutRoot }, () => {
  const foreign = { family: 4, localAddress: '192.0.2.7', localPort: 0 } as const;
  assert.throws(() => outgoingSocket(foreign), {
    message: 'Cannot bind 192.0.2.7:0: EADDRNOTAVAIL address not available',
  });
  const fd = outgoingSocket({ ...foreign, transparent: true });
  assert.equal(localAddress(fd).address, '192.0.2.7');
  closeFd(fd);
});
