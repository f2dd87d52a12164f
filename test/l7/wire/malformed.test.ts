/** Malformed and odd requests as raw bytes: the right status, and a closed connection where framing is in doubt. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat } from '../../e2e/rig.ts';
import { startUpstream } from '../../e2e/upstream.ts';
import { Wire } from '../../e2e/wire.ts';
import { FIELDS, FRAMING, REQUEST_LINES, type WireCase } from './malformed.ts';

const [port = 0] = await freePorts(1);
let moat: Running;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

before(async () => {
  upstream = await startUpstream(
    received => `HTTP/1.1 200 OK\r\nContent-Length: ${received.body.length}\r\n\r\n${received.body}`,
  );
  moat = await startMoat(
    httpConf(
      `server { listen 127.0.0.1:${port}; location / { return 200 ok; } location /echo { proxy_pass http://127.0.0.1:${upstream.port}; } }`,
    ),
  );
});

after(async () => {
  await moat.stop();
  await upstream[Symbol.asyncDispose]();
});

for (const [family, cases] of Object.entries({
  'request line': REQUEST_LINES,
  field: FIELDS,
  framing: FRAMING,
})) {
  for (const wireCase of cases)
    test(`${family}: ${wireCase.what}: ${wireCase.status}`, () => check(wireCase));
}

async function check({ send, status, closes }: WireCase): Promise<void> {
  using wire = await Wire.dial(port);
  const reply = await wire.send(send).reply();
  assert.equal(reply.status, status);
  if (closes) {
    assert.equal(header(reply, 'connection'), 'close');
    assert.equal(await wire.rest(), '');
  } else {
    const second = await wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').reply();
    assert.equal(second.status, 200, 'the connection must serve another request');
  }
}

test('field names: what one server takes does not make another take it', async () => {
  const [loose = 0, strict = 0] = await freePorts(2);
  const server = (at: number, more: string) =>
    `server { listen 127.0.0.1:${at}; ${more} location / { return 200 "[$http_x_loose][$http_x_dot]"; } }`;
  await using other = await startMoat(
    httpConf(server(loose, 'ignore_invalid_headers off;') + server(strict, ''), 'worker_processes 1;'),
  );
  const ask = async (at: number) => {
    using wire = await Wire.dial(at);
    const { body } = await wire.send('GET / HTTP/1.1\r\nHost: a\r\nx_loose: 1\r\nX.dot: 1\r\n\r\n').reply();
    return body;
  };
  assert.equal(await ask(loose), '[1][]', 'names of other characters are taken where that is allowed');
  assert.equal(await ask(strict), '[][]');
  assert.ok(!other.read().includes('[alert]'));
});

test('keep-alive: empty lines buy no time', async () => {
  const [at = 0] = await freePorts(1);
  await using _other = await startMoat(
    httpConf(`server { listen 127.0.0.1:${at}; keepalive_timeout 200ms; location / { return 200 ok; } }`),
  );
  using wire = await Wire.dial(at);
  await wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').reply();
  const drip = setInterval(() => wire.send('\r\n'), 20);
  assert.equal(await wire.rest(), '', 'it closes, though something comes again and again');
  clearInterval(drip);
});

test('malformed: every one of them is told in the error log, at level info', () => {
  assert.equal(moat.read().includes('[alert]'), false);
  assert.equal(moat.read().includes('internal fault'), false);
});
