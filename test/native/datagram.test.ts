/** Messages to datagram servers: each arrives whole, and a server that is away costs messages, never time. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Datagrams, readPeer } from '../../native/datagram.ts';
import { closeFd, connectDatagram } from '../../native/socket.ts';
import { flagsOf, openFds } from './outside.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-datagram-'));
after(() => rmSync(dir, { recursive: true }));

async function udpServer(): Promise<{ socket: dgram.Socket; port: number }> {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

/** A Unix datagram server, which Node has not: perl prints what it gets, a line a message, until it has `count`. */
async function unixServer(path: string, count: number): Promise<{ lines: Promise<string[]> }> {
  const script = `use Socket; $| = 1; socket(my $s, PF_UNIX, SOCK_DGRAM, 0); bind($s, sockaddr_un($ARGV[0])) or die $!;
    print "up\\n"; for (1..$ARGV[1]) { recv($s, my $m, 65536, 0); print "$m\\n" }`;
  const child = spawn('perl', ['-e', script, path, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pipe = child.stdout.setEncoding('latin1');
  const [first] = await once(pipe, 'data');
  assert.equal(first, 'up\n');
  return { lines: pipe.toArray().then(parts => parts.join('').trimEnd().split('\n')) };
}

test('connectDatagram: each write is one UDP message', async () => {
  const { socket, port } = await udpServer();
  const fd = connectDatagram({ host: '127.0.0.1', port, family: 4 });
  assert.deepEqual(flagsOf(fd), { nonBlocking: true, closeOnExec: true });
  const got: string[] = [];
  const both = new Promise<void>(done =>
    socket.on('message', bytes => got.push(bytes.toString()) === 2 && done()),
  );
  writeSync(fd, 'one');
  writeSync(fd, 'two');
  await both;
  assert.deepEqual(got, ['one', 'two']);
  closeFd(fd);
  socket.close();
});

test('connectDatagram: a Unix path where nobody listens is told, and leaks no descriptor', () => {
  const before = openFds();
  const path = join(dir, 'absent');
  assert.throws(() => connectDatagram({ path }), {
    message: `Cannot connect to unix:${path}: ENOENT no such file or directory`,
    syscall: 'connect',
  });
  assert.deepEqual(openFds(), before);
});

test('connectDatagram: a wrong argument is a TypeError', () => {
  for (const peer of [undefined, {}, { path: '' }, { path: 7 }, { host: 'localhost', port: 1, family: 4 }]) {
    assert.throws(() => Reflect.apply(connectDatagram, undefined, [peer]), TypeError);
  }
});

test('readPeer: every spelling that nginx takes after syslog:server=', () => {
  assert.deepEqual(readPeer('unix:/dev/log'), { path: '/dev/log' });
  assert.deepEqual(readPeer('192.0.2.1'), { host: '192.0.2.1', port: 514 });
  assert.deepEqual(readPeer('log.example:1514'), { host: 'log.example', port: 1514 });
  assert.deepEqual(readPeer('[2001:db8::1]:12345'), { host: '2001:db8::1', port: 12345 });
  assert.deepEqual(readPeer('[2001:db8::1]'), { host: '2001:db8::1', port: 514 });
});

test('Datagrams: bytes above 127 arrive as they are, on a Unix socket', async () => {
  const path = join(dir, 'log');
  const { lines } = await unixServer(path, 2);
  const sink = new Datagrams(`unix:${path}`);
  sink.write('<30>caf\xe9');
  sink.write('<30>second');
  assert.deepEqual(await lines, ['<30>caf\xe9', '<30>second']);
  assert.equal(sink.lost, 0);
});

test('Datagrams: a server that is not there costs its messages, and they are counted', () => {
  const sink = new Datagrams(`unix:${join(dir, 'nobody')}`);
  sink.write('one');
  sink.write('two');
  assert.equal(sink.lost, 2);
});
