/** HTTP/2 frames through a running moat, by the sections of RFC 9113: what is answered, what ends a stream, what ends the connection. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PREFACE, settingsFrame, windowFrame, word } from '../../../l7/wire/h2/frame.ts';
import { block, type Fields, frame, H2Wire, pseudo, wordOf } from '../../e2e/h2-wire.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { startUpstream, type Upstream } from '../../e2e/upstream.ts';

const [port = 0, few = 0, quick = 0] = await freePorts(3);
let moat: Running;
let silent: Upstream;

before(async () => {
  silent = await startUpstream(() => undefined);
  moat = await startMoat(
    httpConf(`error_log error.log info; http2 on;
    server { listen 127.0.0.1:${port}; keepalive_requests 100000; client_max_body_size 0;
      location / { return 200 body; }
      location /long { return 200 ${'x'.repeat(30_000)}; }
      location /metrics { metrics; }
      location /hang { proxy_pass http://127.0.0.1:${silent.port}; } }
    server { listen 127.0.0.1:${few}; http2_max_concurrent_streams 1; keepalive_requests 3;
      location / { return 200 body; }
      location /hang { proxy_pass http://127.0.0.1:${silent.port}; } }
    server { listen 127.0.0.1:${quick}; client_header_timeout 300ms; client_body_timeout 300ms; keepalive_timeout 300ms;
      client_max_body_size 0;
      location / { return 200 body; }
      location /hang { proxy_pass http://127.0.0.1:${silent.port}; } }`),
  );
});

after(async () => {
  await moat?.stop();
  await silent?.stop();
});

const DATA = 0;
const HEADERS = 1;
const PRIORITY = 2;
const RST_STREAM = 3;
const SETTINGS = 4;
const PUSH_PROMISE = 5;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;

const GET = block(pseudo('/'));
const HANG: Fields = pseudo('/hang');
const get = (stream: number) => frame(HEADERS, 5, stream, GET);
/** A stream that stays open: its answer never comes. */
const hang = (stream: number, flags = 5) => frame(HEADERS, flags, stream, block(HANG));

/** What is sent after the preface, the code of the GOAWAY that follows, and the last stream that it names. */
const FATAL: readonly (readonly [section: string, bytes: string, code: number, last?: number])[] = [
  ['4.2 a SETTINGS frame that is too long', frame(SETTINGS, 0, 0, '\0'.repeat(16_386)), 6],
  ['4.3 a header block that is cut', frame(HEADERS, 5, 1, '\xff'), 6, 1],
  ['4.3 a literal that is cut', frame(HEADERS, 5, 1, '\x42\xff'), 6, 1],
  ['4.3 an index that is too long', frame(HEADERS, 5, 1, '\xff\xff\xff\xff\xff\xff\x01'), 9, 1],
  ['4.3 index 0', frame(HEADERS, 5, 1, '\x80'), 9, 1],
  ['4.3 an index beyond the tables', frame(HEADERS, 5, 1, '\xbe'), 9, 1],
  ['4.3 a table larger than allowed', frame(HEADERS, 5, 1, `\x3f\xe2\x1f${GET}`), 9, 1],
  ['4.3 a table size within a block', frame(HEADERS, 5, 1, `${GET}\x20`), 9, 1],
  ['4.3 Huffman code with the end symbol', frame(HEADERS, 5, 1, '\0\x84\xff\xff\xff\xff\x01a'), 9, 1],
  ['4.3 Huffman code with long padding', frame(HEADERS, 5, 1, '\0\x82\x1f\xff\x01a'), 9, 1],
  [
    '4.3 another frame within a header block',
    frame(HEADERS, 1, 1, GET) + frame(PING, 0, 0, 'pingpong'),
    1,
    1,
  ],
  ['4.3 DATA within a header block', frame(HEADERS, 0, 1, GET) + frame(DATA, 1, 1, 'x'), 1, 1],
  ['4.3 CONTINUATION of another stream', frame(HEADERS, 1, 1, GET) + frame(CONTINUATION, 4, 3, ''), 1, 1],
  ['4.3 an unknown frame within a header block', frame(HEADERS, 1, 1, GET) + frame(0x20, 0, 1, ''), 1, 1],
  ['5.1 DATA on an idle stream', frame(DATA, 0, 1, 'x'), 1],
  ['5.1 RST_STREAM on an idle stream', frame(RST_STREAM, 0, 1, word(8)), 1],
  ['5.1 WINDOW_UPDATE on an idle stream', windowFrame(1, 1), 1],
  ['5.1.1 a stream with an even number', get(2), 1],
  ['5.1.1 a stream below the last one', get(5) + get(3), 1, 5],
  ['5.1.1 a stream for the second time', get(1) + get(1), 1, 1],
  ['6.1 DATA on stream 0', frame(DATA, 0, 0, 'x'), 1],
  ['6.1 padded DATA of no length', hang(1, 4) + frame(DATA, 8, 1, ''), 6, 1],
  ['6.1 DATA with more padding than payload', hang(1, 4) + frame(DATA, 8, 1, '\x05abc'), 1, 1],
  ['6.2 HEADERS on stream 0', frame(HEADERS, 5, 0, GET), 1],
  ['6.2 padded HEADERS of no length', frame(HEADERS, 13, 1, ''), 6],
  ['6.2 HEADERS with more padding than payload', frame(HEADERS, 13, 1, '\x05abc'), 1],
  ['6.2 HEADERS too short for their priority', frame(HEADERS, 0x25, 1, 'abc'), 6],
  ['6.3 PRIORITY on stream 0', frame(PRIORITY, 0, 0, '\0\0\0\0\x10'), 1],
  ['6.3 PRIORITY of a wrong length', frame(PRIORITY, 0, 1, '\0\0\0\0'), 6],
  ['6.4 RST_STREAM on stream 0', frame(RST_STREAM, 0, 0, word(8)), 1],
  ['6.4 RST_STREAM of a wrong length', hang(1) + frame(RST_STREAM, 0, 1, '\0\0\0'), 6, 1],
  ['6.5 SETTINGS on a stream', frame(SETTINGS, 0, 1), 1],
  ['6.5 an ACK with settings', frame(SETTINGS, 1, 0, '\0\x03\0\0\0\x01'), 6],
  ['6.5 half a setting', frame(SETTINGS, 0, 0, '\0\x03\0'), 6],
  ['6.5.2 ENABLE_PUSH of 2', settingsFrame([[2, 2]]), 1],
  ['RFC 9218 §2.1 NO_RFC7540_PRIORITIES of 2', settingsFrame([[9, 2]]), 1],
  ['6.5.2 a window beyond the largest', settingsFrame([[4, 0x80000000]]), 3],
  ['6.5.2 frames that are too short', settingsFrame([[5, 42]]), 1],
  ['6.5.2 frames that are too long', settingsFrame([[5, 16_777_216]]), 1],
  ['6.6 PUSH_PROMISE', frame(PUSH_PROMISE, 4, 1, '\0\0\0\x02'), 1],
  ['6.7 PING on a stream', frame(PING, 0, 1, 'pingpong'), 1],
  ['6.7 PING of a wrong length', frame(PING, 0, 0, 'ping'), 6],
  ['6.8 GOAWAY on a stream', frame(GOAWAY, 0, 1, word(0) + word(5)), 1],
  ['6.8 GOAWAY of a wrong length', frame(GOAWAY, 0, 0, word(0)), 6],
  ['6.9 WINDOW_UPDATE of a wrong length', frame(WINDOW_UPDATE, 0, 0, '\0\0'), 6],
  ['6.9 an increment of 0 for the connection', windowFrame(0, 0), 1],
  ['6.9.1 the window of the connection beyond the largest', windowFrame(0, 0x7fffffff), 3],
  [
    '6.9.2 windows of streams beyond the largest',
    hang(1) + windowFrame(1, 0x7fff0000) + settingsFrame([[4, 0x7fffffff]]),
    3,
    1,
  ],
  ['6.10 CONTINUATION without HEADERS', frame(CONTINUATION, 4, 1, GET), 1],
  ['6.10 CONTINUATION after the block', get(1) + frame(CONTINUATION, 4, 1, GET), 1, 1],
];

for (const [name, bytes, code, last = 0] of FATAL)
  test(`h2 frames: ${name} ends the connection`, async () => {
    await using wire = await H2Wire.dial({ port, narrow: true });
    wire.send(bytes);
    assert.deepEqual(await wire.farewell(), { code, last });
    await wire.until(() => wire.ended, 'the connection to end');
  });

/** What is sent, and the code of the RST_STREAM that follows on a stream; the connection goes on. */
const OF_STREAM: readonly (readonly [section: string, bytes: string, stream: number, code: number])[] = [
  ['5.1 DATA on a half-closed stream', hang(1) + frame(DATA, 1, 1, 'x'), 1, 5],
  ['5.1 HEADERS on a half-closed stream', hang(1) + frame(HEADERS, 5, 1, GET), 1, 5],
  ['6.9 an increment of 0 for a stream', hang(1) + windowFrame(1, 0), 1, 1],
  ['6.9.1 the window of a stream beyond the largest', hang(1) + windowFrame(1, 0x7fffffff), 1, 3],
  ['6.9.1 more DATA than the window', hang(1, 4) + frame(DATA, 0, 1, 'x'.repeat(300_000)), 1, 3],
  ['8.1 HEADERS within a body', hang(1, 4) + frame(HEADERS, 4, 1, GET), 1, 1],
  ['8.1 a trailer with a pseudo-header', hang(1, 4) + frame(HEADERS, 5, 1, GET), 1, 1],
];

for (const [name, bytes, stream, code] of OF_STREAM)
  test(`h2 frames: ${name} ends the stream`, async () => {
    await using wire = await H2Wire.dial({ port, narrow: true });
    wire.send(bytes);
    assert.equal(wordOf((await wire.take(RST_STREAM, stream)).payload), code);
    wire.send(get(99));
    assert.equal((await wire.answer(99)).status, 200);
  });

/** What is no fault: a request after it is answered. */
const HARMLESS: readonly (readonly [section: string, bytes: string])[] = [
  ['4.1 an unknown frame', frame(0x20, 255, 7, 'x'.repeat(40_000))],
  ['4.1 unknown flags', frame(PING, 0xfe, 0, 'pingpong')],
  [
    '5.1 frames on a stream that was reset',
    hang(1, 4) + frame(RST_STREAM, 0, 1, word(8)) + frame(DATA, 1, 1, 'x') + windowFrame(1, 5),
  ],
  ['5.1 RST_STREAM on a closed stream', get(1) + frame(RST_STREAM, 0, 1, word(8))],
  ['RFC 9218 a long priority', frame(0x10, 0, 0, word(1) + 'x'.repeat(20_000))],
  ['5.3.2 priorities', frame(PRIORITY, 0, 9, '\0\0\0\0\x10') + frame(HEADERS, 0x25, 1, `\0\0\0\0\x10${GET}`)],
  ['6.2 padding', frame(HEADERS, 13, 1, `\x2a${GET}${'\0'.repeat(42)}`)],
  [
    '6.2 padding before CONTINUATION',
    frame(HEADERS, 9, 1, `\x04${GET.slice(0, 5)}\0\0\0\0`) + frame(CONTINUATION, 4, 1, GET.slice(5)),
  ],
  ['6.5 an unknown setting', settingsFrame([[0x99, 7]])],
  ['6.5 no setting', settingsFrame([])],
  ['6.8 GOAWAY, with words', frame(GOAWAY, 0, 0, `${word(0)}${word(5)}why`)],
  [
    '6.10 a block in many pieces',
    frame(HEADERS, 1, 1, '') +
      [...GET].map(byte => frame(CONTINUATION, 0, 1, byte)).join('') +
      frame(CONTINUATION, 4, 1, ''),
  ],
  ['RFC 9218 a priority', frame(0x10, 0, 0, `${word(1)}u=1`)],
];

for (const [name, bytes] of HARMLESS)
  test(`h2 frames: ${name} is no fault`, async () => {
    await using wire = await H2Wire.dial({ port, narrow: true });
    wire.send(bytes + get(99));
    assert.equal((await wire.answer(99)).body, 'body');
  });

test('h2 frames: every byte may come by itself', async () => {
  await using wire = await H2Wire.dial({ port, begin: '' });
  wire.acknowledges = false;
  const bytes =
    PREFACE + settingsFrame([]) + frame(HEADERS, 4, 1, GET) + frame(DATA, 9, 1, '\x03abc\0\0\0') + get(3);
  for (const byte of bytes) {
    wire.send(byte);
    await new Promise(setImmediate);
  }
  assert.equal((await wire.answer(1)).status, 200);
  assert.equal((await wire.answer(3)).body, 'body');
});

test('h2 frames: a broken preface behind TLS or a good beginning ends the connection', async () => {
  await using wire = await H2Wire.dial({ port, begin: `${PREFACE.slice(0, 20)}xxxx` });
  await wire.until(() => wire.rest !== '' || wire.ended, 'an answer');
  assert.match(wire.rest, /^HTTP\/1\.1 (400|505) /);
});

test('h2 frames: the server begins with its SETTINGS and a wide window; settings are acknowledged, pings answered', async () => {
  await using wire = await H2Wire.dial({ port, narrow: true });
  wire.frame(PING, 0, 0, 'pingpong').frame(PING, 1, 0, 'pongping');
  await wire.take(PING);
  const [settings, window, ack, pong] = wire.frames;
  assert.deepEqual(
    [settings, window].map(each => [each!.type, each!.flags, each!.stream]),
    [
      [SETTINGS, 0, 0],
      [WINDOW_UPDATE, 0, 0],
    ],
  );
  assert.equal(
    settings!.payload,
    `\0\x03${word(128)}\0\x04${word(65_536)}\0\x05${word(16_777_215)}\0\x09${word(1)}`,
  );
  assert.equal(wordOf(window!.payload), 0x7fffffff - 65_535);
  assert.deepEqual([ack!.type, ack!.flags], [SETTINGS, 1]);
  assert.deepEqual([pong!.type, pong!.flags, pong!.payload], [PING, 1, 'pingpong']);
});

test('h2 frames: streams beyond the maximum are refused, and their fields still count for the table', async () => {
  await using wire = await H2Wire.dial(few);
  wire.open(HANG);
  const second = await wire.answer(wire.open(`${GET}\x40\x03x-a\x01b`));
  assert.deepEqual([second.status, second.reset], [0, 7]);
  wire.reset(1);
  // 62 is what the refused stream added.
  const third = await wire.answer(wire.open(`${GET}\xbe`));
  assert.equal(third.status, 200);
});

test('h2 frames: keepalive_requests is answered by GOAWAY, and the last request served', async () => {
  await using wire = await H2Wire.dial(few);
  for (let count = 0; count < 3; count++) assert.equal((await wire.get('/')).status, 200);
  assert.deepEqual(await wire.farewell(), { code: 0, last: 5 });
  await wire.until(() => wire.ended, 'the connection to end');
});

test('h2 frames: after GOAWAY streams under way go on, new ones are not heeded', async () => {
  await using wire = await H2Wire.dial(few);
  await wire.get('/');
  await wire.get('/');
  const last = wire.open(HANG);
  assert.deepEqual(await wire.farewell(), { code: 0, last });
  const late = wire.open(pseudo('/'));
  await wire.settled();
  assert.deepEqual(wire.on(late), []);
  assert.equal(wire.ended, false);
  wire.reset(last);
  await wire.until(() => wire.ended, 'the connection to end');
});

test('h2 frames: a head that takes too long ends its stream, not the connection', async () => {
  for (const bytes of [frame(HEADERS, 5, 1, GET).slice(0, 20), frame(HEADERS, 1, 1, GET)]) {
    await using wire = await H2Wire.dial(quick);
    await wire.settled();
    wire.send(bytes);
    assert.equal(wordOf((await wire.take(RST_STREAM, 1)).payload), 1);
    wire.send(bytes.length === 20 ? frame(HEADERS, 5, 1, GET).slice(20) : frame(CONTINUATION, 4, 1, ''));
    await wire.settled();
    assert.equal(wire.on(1).length, 1, 'the late head is not heeded');
    wire.send(hang(3));
    await wire.settled();
    assert.equal(wire.ended, false);
  }
});

test('h2 frames: a body that takes too long ends its stream', async () => {
  await using wire = await H2Wire.dial(quick);
  const stream = wire.open(pseudo('/hang', 'POST'), null);
  wire.data(stream, 'abc', false);
  const answer = await wire.answer(stream);
  assert.deepEqual([answer.status, answer.reset], [0, 1]);
  const other = wire.open(HANG);
  await wire.settled();
  assert.deepEqual(wire.on(other), []);
});

test('h2 frames: an idle connection is told to go by GOAWAY', async () => {
  await using wire = await H2Wire.dial(quick);
  await wire.get('/');
  assert.deepEqual(await wire.farewell(), { code: 0, last: 1 });
  await wire.until(() => wire.ended, 'the connection to end');
});

/** Each is sent until the connection ends; how much was sent is bounded. */
const FLOODS: readonly (readonly [name: string, bytes: (turn: number) => string])[] = [
  ['pings', () => frame(PING, 0, 0, 'pingpong').repeat(100)],
  ['settings', () => settingsFrame([[3, 100]]).repeat(100)],
  ['priorities', () => frame(PRIORITY, 0, 1, '\0\0\0\0\x10').repeat(100)],
  ['window updates', () => windowFrame(0, 1).repeat(100)],
  [
    'windows of one byte',
    turn =>
      (turn === 0 ? settingsFrame([[4, 0]]) + frame(HEADERS, 5, 1, block(pseudo('/long'))) : '') +
      windowFrame(1, 1).repeat(100),
  ],
  ['unknown frames', () => frame(0x77, 0, 0).repeat(100)],
  ['empty DATA', turn => (turn === 0 ? hang(1, 4) : '') + frame(DATA, 0, 1).repeat(100)],
  [
    'empty CONTINUATION',
    turn => (turn === 0 ? frame(HEADERS, 1, 1, GET) : '') + frame(CONTINUATION, 0, 1).repeat(100),
  ],
  [
    'long CONTINUATION',
    turn => (turn === 0 ? frame(HEADERS, 1, 1, GET) : '') + frame(CONTINUATION, 0, 1, 'x'.repeat(16_000)),
  ],
  [
    'cancelled streams',
    turn =>
      Array.from(
        { length: 100 },
        (_, at) => hang(turn * 200 + at * 2 + 1) + frame(RST_STREAM, 0, turn * 200 + at * 2 + 1, word(8)),
      ).join(''),
  ],
  [
    'streams beyond the maximum',
    turn => Array.from({ length: 100 }, (_, at) => hang(turn * 200 + at * 2 + 1)).join(''),
  ],
];

for (const [name, bytes] of FLOODS)
  test(`h2 frames: a flood of ${name} ends the connection`, async () => {
    await using wire = await H2Wire.dial({ port, narrow: true });
    await wire.settled();
    let turns = 0;
    while (!wire.ended && turns < 2000) {
      wire.send(bytes(turns++));
      await new Promise(setImmediate);
    }
    assert.equal((await wire.farewell()).code, 11);
  });

test('h2 frames: floods and faults are counted, and told in the log', async () => {
  await using wire = await H2Wire.dial(port);
  const metrics = (await wire.get('/metrics')).body;
  const count = (reason: string) =>
    Number(new RegExp(`malformed_total\\{reason="${reason}"\\} (\\d+)`).exec(metrics)?.[1]);
  for (const reason of [
    'flood of frames',
    'flood of cancelled streams',
    'too many concurrent streams',
    'an HTTP/2 protocol error',
  ])
    assert.ok(count(reason) > 0, reason);
  await until(
    () => moat.read().includes('client sent flood of cancelled streams while processing HTTP/2 connection'),
    'the log line',
  );
});
