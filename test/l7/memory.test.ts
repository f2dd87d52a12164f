/** What clients and servers cost in memory that send much, take little, or only wait. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { watchMemory } from '../e2e/memory.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { Wire } from '../e2e/wire.ts';

const PIECE = Buffer.alloc(1024 ** 2, 'a piece of an upload ');
const MEGABYTES = 200;
const MOST_GROWN_MB = 50;

/** A server that reads nothing of a body until it may, then tells its digest. */
class SlowServer {
  port = 0;
  /** Of the body under way. */
  gotBytes = 0;
  #socket: Socket | undefined;
  readonly #server = createServer(socket => this.#serve(socket));

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    this.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  #serve(socket: Socket): void {
    const digest = createHash('sha256');
    let headEnded = false;
    this.gotBytes = 0;
    this.#socket = socket.pause().on('error', () => {});
    socket.on('data', (data: Buffer) => {
      const from = headEnded ? 0 : data.indexOf('\r\n\r\n') + 4;
      headEnded = true;
      digest.update(data.subarray(from));
      this.gotBytes += data.length - from;
      if (this.gotBytes < MEGABYTES * PIECE.length) return;
      socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 64\r\n\r\n${digest.digest('hex')}`);
    });
  }

  get isAsked(): boolean {
    return this.#socket !== undefined;
  }

  /** Lets it read on. */
  wake(): void {
    this.#socket?.resume();
    this.#socket = undefined;
  }

  async close(): Promise<void> {
    this.#socket?.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** A client that sends as fast as it may. */
class Uploader {
  sentBytes = 0;
  answer = '';
  readonly #socket: Socket;

  constructor(port: number, path: string) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setEncoding('latin1').on('data', (text: string) => (this.answer += text));
    this.#socket.write(
      `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${MEGABYTES * PIECE.length}\r\n\r\n`,
    );
    this.#sendOn();
  }

  #sendOn(): void {
    if (this.sentBytes === MEGABYTES * PIECE.length) return;
    this.#socket.write(PIECE, () => {
      this.sentBytes += PIECE.length;
      this.#sendOn();
    });
  }

  async body(): Promise<string> {
    await once(this.#socket, 'close');
    return this.answer.slice(this.answer.indexOf('\r\n\r\n') + 4);
  }
}

const digest = createHash('sha256');
for (let i = 0; i < MEGABYTES; i++) digest.update(PIECE);
const DIGEST = digest.digest('hex');

const server = new SlowServer();
let moat: Running;
let port = 0;

before(async () => {
  [port = 0] = await freePorts(1);
  await server.listen();
  const pass = `proxy_pass http://127.0.0.1:${server.port};`;
  moat = await startMoat(
    httpConf(
      `server { listen 127.0.0.1:${port}; client_max_body_size 1g; keepalive_timeout 600s;
       location / { ${pass} } location /through { proxy_request_buffering off; ${pass} } location /idle { return 204; } }`,
      'worker_rlimit_nofile 8000;',
    ),
  );
});

after(async () => {
  await server.close();
  await moat.stop();
});

test('memory: an upload that waits for its server lies on the disk', async () => {
  const grownMegabytes = watchMemory(moat.pid);
  const client = new Uploader(port, '/');
  await until(() => server.isAsked, 'the body to be complete', 60_000);
  assert.equal(client.sentBytes, MEGABYTES * PIECE.length);
  server.wake();
  assert.equal(await client.body(), DIGEST);
  assert.ok(grownMegabytes() < MOST_GROWN_MB, `memory grew by ${grownMegabytes()} MB`);
});

test('memory: an upload that goes through waits at the client', async () => {
  const grownMegabytes = watchMemory(moat.pid);
  const client = new Uploader(port, '/through');
  await until(() => server.isAsked, 'the server to be asked');
  let sent = -1;
  await until(() => {
    const stands = client.sentBytes === sent;
    sent = client.sentBytes;
    return stands && sent > 0;
  }, 'the client to stand still');
  assert.ok(sent < MEGABYTES * PIECE.length, 'nothing held the client back');
  server.wake();
  assert.equal(await client.body(), DIGEST);
  assert.ok(grownMegabytes() < MOST_GROWN_MB, `memory grew by ${grownMegabytes()} MB`);
});

test('memory: a connection that waits for its next request takes less than 12 KB', async () => {
  const count = 2000;
  const grownMegabytes = watchMemory(moat.pid);
  const wires: Wire[] = [];
  while (wires.length < count)
    wires.push(...(await Promise.all(Array.from({ length: 100 }, () => Wire.dial(port)))));
  for (const wire of wires)
    assert.equal((await wire.send('GET /idle HTTP/1.1\r\nHost: a\r\n\r\n').reply()).status, 204);
  const grown = grownMegabytes();
  for (const wire of wires) wire[Symbol.dispose]();
  assert.ok(grown < (12 * count) / 1024, `memory grew by ${grown} MB`);
});
