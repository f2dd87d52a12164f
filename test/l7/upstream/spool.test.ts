/** Answers whose clients are slow: what waits where, for whom, and what it costs in memory. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, statfsSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { watchMemory } from '../../e2e/memory.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { requestBytes } from '../../e2e/wire.ts';

const MEGABYTE = 1024 ** 2;
/** More than all sockets on the way hold together. */
const SOME_MB = 64;

/** A server that sends as many MB as the path says, as fast as they are taken. */
class Source {
  sentBytes = 0;
  finished = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer(socket => {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', data => this.#answer(socket, data.toString('latin1')));
  });

  async listen(): Promise<number> {
    await new Promise<void>(done => this.#server.listen(0, '127.0.0.1', done));
    const address = this.#server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  #answer(socket: Socket, head: string): void {
    const [, place = '', count = '0'] = /^GET \/(?:([a-z]+)\/)?(\d+)/.exec(head) ?? [];
    const bytes = Number(count) * MEGABYTE;
    const fields = place === 'told' ? 'X-Accel-Buffering: no\r\n' : '';
    socket.write(
      `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${place === 'cut' ? bytes * 2 : bytes}\r\n\r\n`,
    );
    this.sentBytes = 0;
    let sent = 0;
    const more = () => {
      while (sent < bytes / MEGABYTE) {
        sent++;
        this.sentBytes += MEGABYTE;
        if (!socket.write(piece(sent))) return void socket.once('drain', more);
      }
      this.finished++;
      if (place === 'cut') socket.destroySoon();
    };
    more();
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise(done => this.#server.close(() => done()));
  }
}

/** The n-th MB of a body: no two are alike. */
const piece = (n: number) => Buffer.alloc(MEGABYTE, `${n} `);

function digestOf(megabytes: number): string {
  const hash = createHash('sha1');
  for (let n = 1; n <= megabytes; n++) hash.update(piece(n));
  return hash.digest('hex');
}

/** A client that reads nothing until it is told to. */
class SlowClient {
  readonly socket: Socket;
  bytes = 0;
  readonly #hash = createHash('sha1');
  #head = '';

  constructor(port: number, path: string) {
    this.socket = connect(port, '127.0.0.1').pause();
    this.socket.on('error', () => {});
    this.socket.write(requestBytes({ path }));
  }

  /** Reads to the end. @returns the digest of the body */
  async rest(): Promise<string> {
    for await (const chunk of this.socket) {
      let body: Buffer = chunk;
      if (!this.#head.includes('\r\n\r\n')) {
        const before = this.#head.length;
        this.#head += chunk.toString('latin1');
        const end = this.#head.indexOf('\r\n\r\n');
        if (end === -1) continue;
        body = chunk.subarray(end + 4 - before);
      }
      this.bytes += body.length;
      this.#hash.update(body);
    }
    return this.#hash.digest('hex');
  }
}

const source = new Source();
let moat: Running;
let port = 0;

before(async () => {
  const upstream = await source.listen();
  [port = 0] = await freePorts(1);
  moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; proxy_temp_path temp;
      location / { proxy_pass http://127.0.0.1:${upstream}; }
      location /nofile/ { proxy_max_temp_file_size 0; proxy_pass http://127.0.0.1:${upstream}; }
      location /small/ { proxy_max_temp_file_size 8m; proxy_pass http://127.0.0.1:${upstream}; }
      location /off/ { proxy_buffering off; proxy_pass http://127.0.0.1:${upstream}; }
      location /slowly/ { proxy_limit_rate 2m; proxy_pass http://127.0.0.1:${upstream}; }
    }`),
  );
});

after(async () => {
  await moat?.stop();
  await source.close();
});

test('spool: a slow client costs little memory and frees its server early', async () => {
  const megabytes = 200;
  const grownMegabytes = watchMemory(moat.pid);
  const finished = source.finished;
  const client = new SlowClient(port, `/${megabytes}`);
  await until(() => source.finished > finished, 'the server to be done', 30_000);
  const got = await client.rest();
  assert.equal(got, digestOf(megabytes));
  assert.ok(grownMegabytes() < 60, `memory grew by ${grownMegabytes()} MB`);
  assert.deepEqual(readdirSync(`${moat.dir}/temp`), [], 'a temporary file has a name');
});

for (const place of ['nofile', 'small', 'off', 'told']) {
  test(`spool: the server waits for the client where the file may not grow on (${place})`, async () => {
    const grownMegabytes = watchMemory(moat.pid);
    const client = new SlowClient(port, `/${place}/${SOME_MB}`);
    // The source still tells of the request before this one, which was sent whole.
    await until(() => source.sentBytes < SOME_MB * MEGABYTE, 'the request to arrive');
    let before = -1;
    let standing = 0;
    await until(() => {
      standing = source.sentBytes === before && before > 0 ? standing + 1 : 0;
      before = source.sentBytes;
      return standing >= 20;
    }, 'the server to stand still');
    assert.ok(source.sentBytes < SOME_MB * MEGABYTE, 'the server was not held back');
    assert.equal(await client.rest(), digestOf(SOME_MB));
    assert.ok(grownMegabytes() < 40, `memory grew by ${grownMegabytes()} MB`);
  });
}

test('spool: many slow clients at once get each its own body', async () => {
  const clients = Array.from({ length: 8 }, () => new SlowClient(port, `/${SOME_MB}`));
  const digest = digestOf(SOME_MB);
  for (const client of clients) client.socket.resume().pause();
  assert.deepEqual(
    await Promise.all(clients.map(client => client.rest())),
    clients.map(() => digest),
  );
});

test('spool: a client that leaves gives its disk space back', async () => {
  const free = () => {
    const { bavail, bsize } = statfsSync(moat.dir);
    return (bavail * bsize) / MEGABYTE;
  };
  const finished = source.finished;
  const before = free();
  const client = new SlowClient(port, '/200');
  await until(() => source.finished > finished, 'the server to be done', 30_000);
  client.socket.destroy();
  await until(() => free() > before - 100, 'the space to be free again');
});

test('spool: an answer that breaks off is cut at the client too', async () => {
  const client = new SlowClient(port, `/cut/${SOME_MB}`);
  await client.rest();
  // What was on its way when the connection was cut may be missing.
  assert.ok(client.bytes > MEGABYTE && client.bytes <= SOME_MB * MEGABYTE, `${client.bytes} bytes`);
  assert.match(moat.read(), /upstream prematurely closed connection while reading upstream/);
});

test('proxy_limit_rate: the server sends no faster than told', async () => {
  const started = performance.now();
  const client = new SlowClient(port, '/slowly/4');
  assert.equal(await client.rest(), digestOf(4));
  // The first second is given in advance: 4 MB at 2 MB a second take one second more.
  assert.ok(performance.now() - started > 700);
});
