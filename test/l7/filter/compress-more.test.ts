/** Compression beyond nginx: the choice among codings, streams that pause, clients that are slow or leave. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync, constants, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { request, requestBytes, Wire } from '../../e2e/wire.ts';

const TEXT = 'All happy families are alike; each unhappy family is unhappy in its own way. '.repeat(40);
const HTML = ['Content-Type: text/html'];
const BROWSER = { 'Accept-Encoding': 'gzip, deflate, br, zstd' };

let upstream: Upstream;
let moat: Running;
let port = 0;

before(async () => {
  upstream = await startUpstream(() => response(200, TEXT, HTML));
  [port = 0] = await freePorts(1);
  const proxy = `proxy_pass http://127.0.0.1:${upstream.port};`;
  moat = await startMoat(
    httpConf(`
      log_format ratios '$uri gzip=$gzip_ratio brotli=$brotli_ratio zstd=$zstd_ratio';
      access_log access.log ratios;
      gzip on; brotli on; zstd on;
      server { listen 127.0.0.1:${port};
        location / { ${proxy} }
        location /gzip { zstd off; brotli off; gzip_types text/event-stream; ${proxy} }
        location /zip9 { zstd off; brotli off; gzip_comp_level 9; ${proxy} }
        location /br { zstd off; brotli_comp_level 11; brotli_window 1m; brotli_types text/css; ${proxy} }
        location /zstd { brotli off; gzip off; zstd_comp_level 3; ${proxy} }
        location /sse { gzip_types text/event-stream; brotli_types text/event-stream; zstd_types text/event-stream;
          proxy_buffering off; ${proxy} }
        location /gunzip { gzip off; brotli off; zstd off; gunzip on; proxy_max_temp_file_size 0; ${proxy} }
      }`),
  );
});

after(async () => {
  await moat?.stop();
  await upstream?.stop();
});

const UNPACK: Record<string, (data: Buffer) => Buffer> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

function plain(reply: Parameters<typeof header>[0] & { body: string }): string {
  const coding = header(reply, 'content-encoding');
  const data = Buffer.from(reply.body, 'latin1');
  return (coding === undefined ? data : UNPACK[coding]!(data)).toString('latin1');
}

const get = (path: string, accept = 'gzip, deflate, br, zstd') =>
  request(port, { path, headers: { 'Accept-Encoding': accept } });

test('compress: the client gets what it likes best, of equals zstd before brotli before gzip', async () => {
  const chosen = async (path: string, accept?: string) => {
    const reply = await get(path, accept);
    assert.equal(plain(reply), TEXT);
    return header(reply, 'content-encoding');
  };
  assert.equal(await chosen('/'), 'zstd');
  assert.equal(await chosen('/', 'gzip, br'), 'br');
  assert.equal(await chosen('/', 'gzip;q=0.9, br;q=0.8, zstd;q=0'), 'gzip');
  assert.equal(await chosen('/', 'gzip;q=0.2, br;q=0.25'), 'br');
  assert.equal(await chosen('/', 'brotli'), undefined);
  assert.equal(await chosen('/gzip'), 'gzip');
  assert.equal(await chosen('/br'), 'br');
  assert.equal(await chosen('/zstd'), 'zstd');
  assert.equal(await chosen('/zstd', 'gzip'), undefined);
});

test('compress: a codec that served one answer serves the next one as well', async () => {
  for (const path of ['/gzip', '/zip9', '/br', '/zstd']) {
    const sizes = new Set<number>();
    for (let round = 0; round < 4; round++) {
      const reply = await get(path);
      assert.equal(plain(reply), TEXT);
      sizes.add(reply.body.length);
    }
    assert.equal(sizes.size, 1, `${path} gave bodies of ${[...sizes]} bytes`);
  }
});

test('compress: the log has the ratio of the coding that was used', async () => {
  const { body } = await get('/zip9/ratio');
  const ratio = (TEXT.length / body.length).toFixed(2);
  await until(
    () => moat.read('access.log').includes(`/zip9/ratio gzip=${ratio} brotli=- zstd=-\n`),
    'the line',
  );
  await get('/br/ratio');
  await until(() => /\/br\/ratio gzip=- brotli=\d+\.\d\d zstd=-\n/.test(moat.read('access.log')), 'the line');
});

/** Sends chunks when it is told, and ends when it is told. */
function chunkedStream(type: string) {
  let socket: Socket | undefined;
  upstream.answerWith((_, to) => {
    socket = to;
    return `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  });
  return {
    send: (text: string) => void socket!.write(`${text.length.toString(16)}\r\n${text}\r\n`, 'latin1'),
    end: () => void socket!.write('0\r\n\r\n'),
  };
}

for (const [path, accept] of [
  ['/gzip', 'gzip'],
  ['/sse', 'gzip'],
  ['/sse', 'br'],
  ['/sse', 'zstd'],
] as const) {
  test(`compress: each event of a stream arrives at once (${path} with ${accept})`, async () => {
    const stream = chunkedStream('text/event-stream');
    using wire = await Wire.dial(port);
    wire.send(requestBytes({ path, headers: { 'Accept-Encoding': accept } }));
    const head = await wire.bytes();
    assert.match(head, new RegExp(`Content-Encoding: ${accept}\r\n`));
    let received = head.slice(head.indexOf('\r\n\r\n') + 4);
    for (const event of ['data: one\n\n', 'data: two\n\n']) {
      stream.send(event);
      const before = received.length;
      while (!unfinished(received, accept).endsWith(event)) received += await wire.bytes();
      assert.ok(received.length > before);
    }
    stream.end();
    received += await wire.rest();
    assert.equal(unfinished(received, accept), 'data: one\n\ndata: two\n\n');
  });
}

/** What can be read of a chunked body that goes on. */
function unfinished(chunks: string, coding: string): string {
  const parts: string[] = [];
  for (let at = 0; ; ) {
    const size = Number.parseInt(/^([0-9a-f]+)\r\n/.exec(chunks.slice(at))?.[1] ?? '0', 16);
    const from = chunks.indexOf('\r\n', at) + 2;
    if (size === 0 || chunks.length < from + size) break;
    parts.push(chunks.slice(from, from + size));
    at = from + size + 2;
  }
  const data = Buffer.from(parts.join(''), 'latin1');
  if (coding === 'br')
    return brotliDecompressSync(data, { finishFlush: constants.BROTLI_OPERATION_FLUSH }).toString('latin1');
  if (coding === 'zstd')
    return zstdDecompressSync(data, { finishFlush: constants.ZSTD_e_continue }).toString('latin1');
  return gunzipSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1');
}

test('compress: clients that leave in the middle leave whole codecs behind', async () => {
  const stream = chunkedStream('text/html');
  for (let round = 0; round < 20; round++) {
    using wire = await Wire.dial(port);
    wire.send(requestBytes({ path: '/gzip', headers: BROWSER }));
    await wire.bytes();
    stream.send(TEXT.repeat(10));
  }
  await until(() => upstream.connections.open === 0, 'the connections to the server to be closed');
  upstream.answerWith(() => response(200, TEXT, HTML));
  for (let round = 0; round < 30; round++) assert.equal(plain(await get('/gzip')), TEXT);
});

test('gunzip: a body that swells a thousandfold waits for its client, in little memory', async () => {
  const megabytes = 200;
  const packed = gzipSync(Buffer.alloc(megabytes * 1024 ** 2)).toString('latin1');
  upstream.answerWith(() =>
    response(200, gzipSync(TEXT).toString('latin1'), [...HTML, 'Content-Encoding: gzip']),
  );
  assert.equal((await get('/gunzip', '')).body, TEXT);
  upstream.answerWith(() => response(200, packed, [...HTML, 'Content-Encoding: gzip']));
  const before = memoryMegabytes();
  const client = connect(port, '127.0.0.1').pause();
  client.write(requestBytes({ path: '/gunzip' }));
  await sleep(300);
  const grown = memoryMegabytes() - before;
  assert.ok(grown < 60, `memory grew by ${grown} MB`);
  let bytes = 0;
  for await (const chunk of client) bytes += chunk.length;
  assert.ok(bytes > megabytes * 1024 ** 2, `${bytes} bytes came`);
});

/** Resident memory of all processes of moat. */
function memoryMegabytes(): number {
  const pids = [moat.pid];
  for (const pid of pids)
    pids.push(
      ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number),
    );
  return pids.reduce((sum, pid) => {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0';
    return sum + Number(kilobytes) / 1024;
  }, 0);
}

test('gunzip: a broken body is cut off, and does not pass as whole', async () => {
  const packed = gzipSync(TEXT).toString('latin1');
  for (const broken of [packed.slice(0, -9), `${packed.slice(0, 40)}xxxx${packed.slice(44)}`, `${packed}x`]) {
    upstream.answerWith(() => response(200, broken, [...HTML, 'Content-Encoding: gzip']));
    await assert.rejects(get('/gunzip', ''), /closed in the middle|without an answer|ECONNRESET/);
  }
});
