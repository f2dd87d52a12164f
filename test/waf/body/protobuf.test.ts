/** gRPC and Protocol Buffers: texts of messages are arguments, however deep, and disguises do not help. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { grpcMessages } from '../../../waf/body/grpc.ts';
import { ProtobufFault, readProtobuf } from '../../../waf/body/protobuf.ts';
import { freePorts, httpConf, startMoat } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';

function varint(value: number): string {
  let out = '';
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return out + String.fromCharCode(left);
    out += String.fromCharCode((left % 128) | 128);
  }
}
const text = (number: number, value: string): string => varint(number * 8 + 2) + varint(value.length) + value;
const fixed = (number: number, value: string): string => varint(number * 8 + 1) + value;
const frame = (message: string, flags = 0): string =>
  String.fromCharCode(flags, 0, 0, message.length >> 8, message.length & 255) + message;

function told(message: string): [string, string][] {
  const args: [string, string][] = [];
  readProtobuf(message, '', { argument: (name, value) => args.push([name, value]) > 0 });
  return args;
}

test('readProtobuf: texts by the numbers of their fields', () => {
  assert.deepEqual(told(text(1, 'hello') + varint(16) + varint(300) + text(200, 'x')), [
    ['1', 'hello'],
    ['200', 'x'],
  ]);
  assert.deepEqual(told(text(1, text(3, `${'a'.repeat(200)}`))), [['1.3', 'a'.repeat(200)]]);
  assert.deepEqual(told(''), []);
  assert.deepEqual(told(text(1, '')), []);
});

test('readProtobuf: what reads as a message and as a text is told as both', () => {
  // "(a(b" is field 5 with a number, twice.
  assert.deepEqual(told(text(1, '(a(b')), [['1', '(a(b']]);
  assert.deepEqual(told(text(1, fixed(2, "' OR 1=1") + fixed(2, '/**/-- -'))), [['1', " ' OR 1=1 /**/-- -"]]);
});

test('readProtobuf: what is no message is a fault, and none takes for ever', () => {
  for (const bytes of ['\x0a\x05abc', '\x0f', '\x0a', '\x00\x01', '\x0b', '\x0c', '\xff'.repeat(12)])
    assert.throws(() => told(bytes), ProtobufFault, JSON.stringify(bytes));
  let deep = fixed(2, '12345678');
  for (let depth = 0; depth < 1000; depth++) deep = text(1, deep);
  assert.doesNotThrow(() => told(deep));
  let wide = fixed(1, '12345678').repeat(2000);
  for (let depth = 0; depth < 20; depth++) wide = text(1, wide + fixed(1, '12345678'));
  assert.throws(() => told(wide), /too often/);
});

test('grpcMessages: frames, codings and limits', () => {
  const all = (body: string, coding = '', most = 100): string[] => [...grpcMessages(body, coding, most)];
  assert.deepEqual(all(frame('ab') + frame('')), ['ab', '']);
  assert.deepEqual(all(frame(gzipSync('ab').latin1Slice(), 1), 'gzip'), ['ab']);
  assert.deepEqual(all(frame(deflateSync('ab').latin1Slice(), 1), 'deflate'), ['ab']);
  assert.throws(() => all(frame(gzipSync('0'.repeat(200)).latin1Slice(), 1), 'gzip'), /broken or too large/);
  assert.throws(() => all(frame('ab', 1), 'snappy'), /not known here/);
  assert.throws(() => all(frame('ab').slice(0, -1)), /not whole/);
  assert.throws(() => all('\0\0\0'), /not whole/);
  assert.throws(() => all(frame('ab', 2)), /not whole/);
});

test('the WAF looks into gRPC and protobuf, over HTTP/1.1 and HTTP/2', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream(() => response(200, 'taken'));
  await using moat = await startMoat(
    httpConf(
      `waf block; error_log error.log warn; server { listen 127.0.0.1:${port}; http2 on;
       location / { proxy_pass http://127.0.0.1:${upstream.port}; } }`,
    ),
  );
  const ask = async (type: string, body: string, fields: Record<string, string> = {}): Promise<number> =>
    (await request(port, { method: 'POST', headers: { 'Content-Type': type, ...fields }, body })).status;
  const attack = text(1, text(2, "x' UNION SELECT password FROM users-- -"));
  const honest = text(1, text(2, 'a blue lamp'));
  assert.equal(await ask('application/grpc', frame(honest)), 200);
  assert.equal(await ask('application/grpc', frame(honest) + frame(attack)), 403);
  assert.equal(
    await ask('application/grpc+proto', frame(gzipSync(attack).latin1Slice(), 1), {
      'grpc-encoding': 'gzip',
    }),
    403,
  );
  assert.equal(
    await ask(
      'application/grpc+json',
      frame(JSON.stringify({ a: "x' UNION SELECT password FROM users-- -" })),
    ),
    403,
  );
  assert.equal(await ask('application/x-protobuf', honest), 200);
  assert.equal(await ask('application/x-protobuf', attack), 403);
  assert.equal(await ask('application/grpc', 'no frames at all'), 400);
  assert.match(moat.read(), /in "ARGS:grpc\.1\.2"/);

  const session = connect(`http://127.0.0.1:${port}`);
  try {
    for (const [message, status] of [
      [honest, 200],
      [attack, 403],
    ] as const) {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/shop.Catalog/Find',
        'content-type': 'application/grpc',
      });
      stream.end(Buffer.from(frame(message), 'latin1'));
      const [headers] = await once(stream, 'response');
      assert.equal(headers[':status'], status);
      stream.resume();
      await once(stream, 'close');
    }
  } finally {
    session.destroy();
  }
});
