/** Native streams with real sockets on both sides. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { listenTcp, localAddress } from '../../native/socket.ts';
import { StreamLoop } from '../../native/stream.ts';
import type { AcceptEvents, StreamEvents } from '../../native/stream-events.ts';
import * as kinds from '../../native/stream-events.ts';
import * as orders from '../../native/stream-output.ts';

const QUIET = { begin() {}, end() {} };

/** Notes what a stream tells, and answers as a test says. */
class Peer implements StreamEvents {
  received = '';
  readonly told: string[] = [];
  pending = 0;
  onData: (bytes: Buffer) => void = () => {};

  streamData(bytes: Buffer): void {
    this.received += bytes.latin1Slice();
    this.onData(bytes);
  }
  streamEnded(): void {
    this.told.push('ended');
  }
  streamClosed(errno: number): void {
    this.told.push(`closed ${errno}`);
  }
  streamSecure() {}
  streamFault() {}
  streamConnected(): void {
    this.told.push('connected');
  }
  streamDrained(): void {
    this.pending = 0;
    this.told.push('drained');
  }
  streamFlushed(pendingBytes: number): void {
    this.pending = pendingBytes;
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 6000; i++) {
    if (condition()) return;
    await sleep(5);
  }
  throw new Error(`Waited in vain for ${what}`);
}

/** A test that fails half way leaves nothing that keeps this process. */
const leftovers: (() => void)[] = [];
after(() => {
  for (const close of leftovers) close();
});

/** A loop that listens; each connection gets a Peer made by `make`. */
function listening(make: (loop: StreamLoop, id: number) => Peer) {
  const loop = new StreamLoop(QUIET);
  const fd = listenTcp({ host: '127.0.0.1', port: 0, family: 4, backlog: 511 });
  const { port } = localAddress(fd);
  const accepted: { id: number; address: string; port: number; peer: Peer }[] = [];
  const events: AcceptEvents = {
    accepted(id, address, remotePort) {
      const peer = make(loop, id);
      loop.own(id, peer);
      accepted.push({ id, address, port: remotePort, peer });
    },
    acceptFault() {},
  };
  const listener = loop.listen(fd, events);
  leftovers.push(() => {
    for (const id of [listener, ...accepted.map(({ id }) => id)]) loop.close(id);
  });
  return { loop, port, accepted, listener };
}

const echo = (loop: StreamLoop, id: number) => {
  const peer = new Peer();
  peer.onData = bytes => loop.writeBytes(id, bytes);
  return peer;
};

const dial = async (port: number): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('latin1');
  socket.on('error', () => {});
  leftovers.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
};

async function serving(welcome: (socket: Socket) => void, at: ListenOptions): Promise<Server> {
  const server = createServer(welcome).listen(at);
  leftovers.push(() => server.close());
  await once(server, 'listening');
  return server;
}

test('constants: the same in C and in TypeScript', () => {
  const header = readFileSync(new URL('../../native/src/stream.h', import.meta.url), 'latin1');
  const found = [...header.matchAll(/\b((?:EVENT|OUT)_\w+)\s*(?:=\s*|\s)\(?(-?\d+)\)?/g)];
  assert.ok(found.length >= 11, `${found.length} names found`);
  for (const [, name, value] of found)
    assert.equal(Reflect.get({ ...kinds, ...orders }, `${name}`), Number(value), `${name}`);
});

test('accept: tells the address of the peer', async () => {
  const { loop, port, accepted, listener } = listening(echo);
  using socket = disposable(await dial(port));
  await until(() => accepted.length === 1, 'the connection');
  assert.equal(accepted[0]!.address, '127.0.0.1');
  assert.equal(accepted[0]!.port, socket.socket.localPort);
  loop.close(accepted[0]!.id);
  loop.close(listener);
});

function disposable(socket: Socket) {
  return { socket, [Symbol.dispose]: () => void socket.destroy() };
}

test('echo: 200 connections at once, each its own bytes', async () => {
  const { loop, port, accepted, listener } = listening(echo);
  const sockets = await Promise.all(Array.from({ length: 200 }, () => dial(port)));
  const got = sockets.map(() => '');
  sockets.forEach((socket, at) => {
    socket.on('data', (text: string) => (got[at] += text));
    socket.write(`from ${at}`);
  });
  await until(() => got.every((text, at) => text === `from ${at}`), 'all echoes');
  for (const socket of sockets) socket.destroy();
  await until(() => accepted.every(({ peer }) => peer.told.length > 0), 'all ends');
  for (const { id } of accepted) loop.close(id);
  loop.close(listener);
});

test('write: 32 MB to a reader that sleeps, then all of it arrives in order', async () => {
  const piece = Buffer.alloc(1 << 20, 'abcdefghij');
  const { loop, port, accepted, listener } = listening(() => new Peer());
  const socket = await dial(port);
  socket.pause();
  await until(() => accepted.length === 1, 'the connection');
  const { id, peer } = accepted[0]!;
  for (let i = 0; i < 32; i++) loop.writeBytes(id, piece);
  assert.ok(peer.pending > 1 << 20, `${peer.pending} bytes wait`);
  loop.end(id);
  let bytes = 0;
  let ended = false;
  socket.on('data', (text: string) => {
    assert.equal(text[0], 'abcdefghij'[(bytes % piece.length) % 10]);
    bytes += text.length;
  });
  socket.on('end', () => (ended = true));
  socket.resume();
  await until(() => ended, 'the end');
  assert.equal(bytes, 32 << 20);
  assert.ok(peer.told.includes('drained'));
  socket.destroy();
  loop.close(id);
  loop.close(listener);
});

test('half-close: after the peer ended, what is written still arrives', async () => {
  const { loop, port, accepted, listener } = listening(() => new Peer());
  const socket = await dial(port);
  let got = '';
  socket.on('data', (text: string) => (got += text));
  socket.end('question');
  await until(() => accepted[0]?.peer.told.includes('ended') === true, 'the end');
  assert.equal(accepted[0]!.peer.received, 'question');
  loop.writeText(accepted[0]!.id, 'answer');
  loop.closeSoon(accepted[0]!.id);
  await until(() => got === 'answer', 'the answer');
  await until(() => accepted[0]!.peer.told.includes('closed 0'), 'the close');
  loop.close(listener);
});

test('reset by the peer: told with its errno', async () => {
  const { loop, port, accepted, listener } = listening(() => new Peer());
  const socket = await dial(port);
  await until(() => accepted.length === 1, 'the connection');
  socket.resetAndDestroy();
  await until(() => accepted[0]!.peer.told.some(text => text.startsWith('closed')), 'the close');
  assert.equal(accepted[0]!.peer.told.at(-1), 'closed 104');
  loop.close(listener);
});

test('read off: bytes wait in the kernel until reading is on again', async () => {
  const { loop, port, accepted, listener } = listening(() => new Peer());
  const socket = await dial(port);
  await until(() => accepted.length === 1, 'the connection');
  const { id, peer } = accepted[0]!;
  loop.read(id, false);
  socket.write('later');
  await sleep(50);
  assert.equal(peer.received, '');
  loop.read(id, true);
  await until(() => peer.received === 'later', 'the bytes');
  socket.destroy();
  loop.close(id);
  loop.close(listener);
});

test('connect: to a server, to a unix socket, and refused', async () => {
  const loop = new StreamLoop(QUIET);
  const path = `/tmp/moat-stream-${process.pid}.sock`;
  for (const at of [{ port: 0, host: '127.0.0.1' }, { path }]) {
    const server = await serving(socket => socket.end('welcome'), at);
    const address = server.address();
    const peer = new Peer();
    const id =
      typeof address === 'string'
        ? loop.connect(path, 0, peer)
        : loop.connect('127.0.0.1', address!.port, peer);
    await until(() => peer.told.includes('ended'), 'the end');
    assert.equal(peer.received, 'welcome');
    assert.equal(peer.told[0], 'connected');
    loop.close(id);
    server.close();
  }
  const fd = listenTcp({ host: '127.0.0.1', port: 0, family: 4, backlog: 1 });
  const { port } = localAddress(fd);
  loop.close(loop.listen(fd, { accepted() {}, acceptFault() {} }));
  const refused = new Peer();
  loop.connect('127.0.0.1', port, refused);
  await until(() => refused.told.length > 0, 'the refusal');
  assert.deepEqual(refused.told, ['closed 111']);
});

test('connect: what is no address is a TypeError', () => {
  assert.throws(() => new StreamLoop(QUIET).connect('example.org', 80, new Peer()), TypeError);
});

test('close in a batch: nothing more is told, and a new stream of the same number gets nothing of the old one', async () => {
  const loop = new StreamLoop(QUIET);
  const peers: Peer[] = [];
  const server = await serving(socket => socket.write('x'.repeat(1000)), { port: 0, host: '127.0.0.1' });
  const { port } = server.address() as { port: number };
  const open = () => {
    const peer = new Peer();
    const id = loop.connect('127.0.0.1', port, peer);
    peers.push(peer);
    peer.onData = () => {
      loop.close(id);
      if (peers.length < 300) open();
    };
  };
  for (let i = 0; i < 30; i++) open();
  await until(() => peers.length === 300 && peers.every(peer => peer.received.length > 0), 'all of them');
  for (const peer of peers) assert.equal(peer.told.join(), 'connected');
  server.close();
});

test('an end of the thread closes its sockets', async () => {
  const code = `
    const { StreamLoop } = await import(${JSON.stringify(new URL('../../native/stream.ts', import.meta.url).href)});
    const { listenTcp, localAddress } = await import(${JSON.stringify(new URL('../../native/socket.ts', import.meta.url).href)});
    const { parentPort } = await import('node:worker_threads');
    const loop = new StreamLoop({ begin() {}, end() {} });
    const fd = listenTcp({ host: '127.0.0.1', port: 0, family: 4, backlog: 8 });
    const { port } = localAddress(fd);
    loop.listen(fd, { accepted() {}, acceptFault() {} });
    parentPort.postMessage(port); // only now: a descriptor that no loop owns yet outlives the thread`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const port = await new Promise<number>(done => worker.once('message', done));
  const socket = await dial(port);
  let closed = false;
  socket.on('close', () => (closed = true)).on('end', () => socket.destroy());
  await worker.terminate();
  socket.resume();
  await until(() => closed, 'the close');
});
