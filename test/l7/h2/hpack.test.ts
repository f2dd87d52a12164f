/** Header compression: the examples of RFC 7541 (appendix C), the whole Huffman code against nghttp2's, the bounds. */
import assert from 'node:assert/strict';
import { connect, createServer, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, connect as dial } from 'node:net';
import { test } from 'node:test';
import {
  CONTINUATION,
  ConnectionFault,
  END_HEADERS,
  HEADERS,
  PREFACE,
  PRIORITY_GIVEN,
  settingsFrame,
} from '../../../l7/wire/h2/frame.ts';
import { FrameReader } from '../../../l7/wire/h2/frame-reader.ts';
import { HpackDecoder } from '../../../l7/wire/h2/hpack-decoder.ts';
import { encodeField, encodeStatus } from '../../../l7/wire/h2/hpack-encoder.ts';
import { decodeHuffman, encodeHuffman, mostDecoded } from '../../../l7/wire/h2/huffman.ts';
import { hpackText, literal } from '../../e2e/h2-wire.ts';

const LIMITS = { fieldBytes: 8192, totalBytes: 32_768 };

function decode(decoder: HpackDecoder, block: Buffer, limits = LIMITS): string[] {
  const lines: string[] = [];
  decoder.decode(block, limits, { field: (name, value) => void lines.push(`${name}: ${value}`) });
  return lines;
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const latin1 = (text: string) => Buffer.from(text, 'latin1');

const FIRST = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
/** Three requests on one connection, as they are and by Huffman code (C.3, C.4). */
const SERIES: readonly (readonly [name: string, blocks: readonly string[]])[] = [
  [
    'C.3',
    [
      '828684410f7777772e6578616d706c652e636f6d',
      '828684be58086e6f2d6361636865',
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
    ],
  ],
  [
    'C.4',
    [
      '828684418cf1e3c2e5f23a6ba0ab90f4ff',
      '828684be5886a8eb10649cbf',
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    ],
  ],
];

for (const [name, blocks] of SERIES)
  test(`hpack: the requests of ${name}`, () => {
    const decoder = new HpackDecoder();
    assert.deepEqual(
      blocks.map(block => decode(decoder, hex(block))),
      [
        FIRST,
        [...FIRST, 'cache-control: no-cache'],
        [
          ':method: GET',
          ':scheme: https',
          ':path: /index.html',
          ':authority: www.example.com',
          'custom-key: custom-value',
        ],
      ],
    );
  });

test('hpack: single representations (C.2)', () => {
  assert.deepEqual(decode(new HpackDecoder(), hex('040c2f73616d706c652f70617468')), [':path: /sample/path']);
  assert.deepEqual(decode(new HpackDecoder(), hex('100870617373776f726406736563726574')), [
    'password: secret',
  ]);
  assert.deepEqual(decode(new HpackDecoder(), hex('82')), [':method: GET']);
});

test('hpack: the table evicts the oldest, keeps its size, and is emptied by what does not fit', () => {
  const decoder = new HpackDecoder();
  const index = (name: string, value: string) => `\x40${hpackText(name)}${hpackText(value)}`;
  // 2016 + 2048 + 32 bytes are the whole table.
  decode(decoder, latin1(index('x'.repeat(2016), 'y'.repeat(2048))));
  assert.equal(decode(decoder, latin1('\xbe'))[0]!.length, 2016 + 2048 + 2);
  decode(decoder, latin1(index('a', '1')));
  assert.deepEqual(decode(decoder, latin1('\xbe')), ['a: 1']);
  assert.throws(() => decode(decoder, latin1('\xbf')), ConnectionFault);
  const other = new HpackDecoder();
  decode(other, latin1(index('a', '1')));
  decode(other, latin1(index('b', '2')));
  // A size of 34 has room for the newer of the two.
  assert.deepEqual(decode(other, latin1('\x3f\x03\xbe')), ['b: 2']);
  assert.throws(() => decode(other, latin1('\xbf')), ConnectionFault);
  const third = new HpackDecoder();
  decode(third, latin1(index('a', '1')));
  decode(third, latin1(index('x'.repeat(4000), 'y'.repeat(4000))));
  assert.throws(() => decode(third, latin1('\xbe')), ConnectionFault);
});

test('hpack: thousands of entries come and go', () => {
  const decoder = new HpackDecoder();
  for (let count = 0; count < 5000; count++) {
    const block = `\x40${hpackText(`x-${count}`)}${hpackText(String(count))}\xbe${count > 0 ? '\xbf' : ''}`;
    const lines = decode(decoder, latin1(block));
    assert.equal(lines[1], `x-${count}: ${count}`);
    if (count > 0) assert.equal(lines[2], `x-${count - 1}: ${count - 1}`);
  }
});

test('hpack: what grows beyond the limits ends, however small it came', () => {
  const decoder = new HpackDecoder();
  decode(decoder, latin1(`\x40${hpackText('a')}${hpackText('b'.repeat(4000))}`));
  assert.throws(() => decode(decoder, latin1('\xbe'.repeat(9))), /too large request head/);
  assert.throws(
    () => decode(new HpackDecoder(), latin1(literal('a', 'b'.repeat(8193)))),
    /too large header field/,
  );
});

test('hpack: Huffman code and static table are those of nghttp2', async () => {
  const values = Array.from({ length: 0x5f }, (_, at) => String.fromCharCode(0x20 + at))
    .concat(Array.from({ length: 0x80 }, (_, at) => String.fromCharCode(0x80 + at)))
    .map(char => `e${char.repeat(3)}eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`);
  const came = Promise.withResolvers<Buffer>();
  const raw = createTcpServer(socket => {
    const blocks: Buffer[] = [];
    const reader = new FrameReader({
      frame(type, flags, _, payload) {
        if (type !== HEADERS && type !== CONTINUATION) return;
        blocks.push(Buffer.from(payload.subarray(flags & PRIORITY_GIVEN ? 5 : 0)));
        if (flags & END_HEADERS) came.resolve(Buffer.concat(blocks));
      },
      dataBegin() {},
      dataPiece() {},
      dataEnd() {},
    });
    let skip = PREFACE.length;
    socket.write(settingsFrame([]), 'latin1');
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      reader.feed(bytes.subarray(Math.min(skip, bytes.length)), 1e6);
      skip = Math.max(0, skip - bytes.length);
    });
  });
  await new Promise<void>(done => raw.listen(0, '127.0.0.1', done));
  const client = connect(`http://127.0.0.1:${(raw.address() as AddressInfo).port}`, {
    maxDeflateDynamicTableSize: 0,
  });
  client.on('error', () => {});
  const headers = Object.fromEntries(values.map((value, at) => [`x-${at}`, value]));
  client
    .request({ ':path': '/sample', 'accept-encoding': 'gzip, deflate', ...headers })
    .on('error', () => {});
  const block = await came.promise;
  const fields: Record<string, string> = {};
  new HpackDecoder().decode(
    block,
    { fieldBytes: 1e6, totalBytes: 1e6 },
    { field: (name, value) => void (fields[name] = value) },
  );
  client.destroy();
  raw.close();
  assert.ok(values.length > 200);
  for (const [at, value] of values.entries()) assert.equal(fields[`x-${at}`], value);
  assert.equal(fields['accept-encoding'], 'gzip, deflate');
  assert.equal(fields[':path'], '/sample');
});

test('hpack: what is encoded, node:http2 decodes', async () => {
  const values = [
    '',
    'a',
    'aaaaa',
    '{{{{{',
    'Fri, 27 Nov 2026 16:00:00 GMT',
    'x'.repeat(300),
    '\xe4\xf6\xfc'.repeat(9),
    'a b"c',
  ];
  const server = createServer();
  const came = new Promise<IncomingHttpHeaders>(done => server.on('stream', (_, fields) => done(fields)));
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const socket = dial((server.address() as AddressInfo).port, '127.0.0.1');
  const block = [
    ...[':method GET', ':scheme http', ':path /x', ':authority a'].map(line =>
      encodeField(...(line.split(' ') as [string, string])),
    ),
    ...values.map((value, at) => encodeField(`x-${at}`, value)),
  ].join('');
  const head = Buffer.alloc(9);
  head.writeUIntBE(block.length, 0, 3);
  head.set([1, 5, 0, 0, 0, 1], 3);
  socket.write(
    Buffer.concat([
      latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      hex('000000040000000000'),
      head,
      latin1(block),
    ]),
  );
  const fields = await came;
  socket.destroy();
  server.close();
  for (const [at, value] of values.entries()) assert.equal(fields[`x-${at}`], value);
  assert.equal(encodeStatus(200), '\x88');
  assert.deepEqual(decode(new HpackDecoder(), latin1(encodeStatus(301) + encodeStatus(7))), [
    ':status: 301',
    ':status: 007',
  ]);
});

test('hpack: every byte survives the Huffman code; bad endings are told', () => {
  const out = Buffer.alloc(4096);
  for (let byte = 0; byte < 256; byte++) {
    for (const text of [
      `${'e'.repeat(40)}${String.fromCharCode(byte)}`,
      `${'e'.repeat(41)}${String.fromCharCode(byte)}t`,
    ]) {
      const coded = latin1(encodeHuffman(text)!);
      assert.ok(mostDecoded(coded.length) >= text.length);
      assert.equal(out.latin1Slice(0, decodeHuffman(coded, 0, coded.length, out)), text);
    }
  }
  assert.equal(encodeHuffman('{{{{'), undefined, 'not where it would be longer');
  // Padding of zeros, of more than seven bits, the end symbol, and a code that is cut.
  for (const bad of ['18', '1fff', 'ffffffff', 'fe'])
    assert.equal(decodeHuffman(hex(bad), 0, bad.length / 2, out), -1, bad);
});
