/**
 * Heads that the addon marks are read without being judged again: what comes of them must be what the parser that judges
 * makes of the same bytes, field by field, or the same refusal. `MOAT_FUZZ_SEED` and `MOAT_FUZZ_RUNS` as beside.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { FIELD_NAMES } from '../../l7/field-names.ts';
import {
  markedRequestHead,
  markedResponseHead,
  requestBytes,
  responseBytes,
} from '../../l7/wire/h1/marked.ts';
import { headEnd, parseRequestHead } from '../../l7/wire/h1/request.ts';
import { type RequestHead, WireFault } from '../../l7/wire/h1/request-head.ts';
import { parseResponseHead, type ResponseHead, UpstreamFault } from '../../l7/wire/h1/response.ts';
import type { HeadMarks } from '../../native/head-marks.ts';
import * as headMarks from '../../native/head-marks.ts';
import { StreamLoop } from '../../native/stream.ts';
import { Dice, nearlyRight } from './requests.ts';

const SEED = Number(process.env['MOAT_FUZZ_SEED'] ?? 20261127);
const RUNS = Number(process.env['MOAT_FUZZ_RUNS'] ?? 6000);

const LIMITS = {
  lineBytes: 150,
  totalBytes: 32768,
  maxHeaders: 5,
  ignoreInvalidHeaders: true,
  underscoresInHeaders: false,
};

type Judged = { readonly marked: boolean; readonly difference: string | undefined };

/** What a reader gives, or why it refuses, as a text to compare. */
function outcome(read: () => RequestHead | ResponseHead): string {
  try {
    const { headers, ...rest } = read();
    const fields = headers.keys.map((key, at) => [headers.nameAt(at), key, headers.valueAt(at)]);
    return JSON.stringify({ ...rest, fields });
  } catch (error) {
    if (error instanceof WireFault) return `${error.status} ${error.reason}`;
    if (error instanceof UpstreamFault) return error.message;
    throw error;
  }
}

function compare(bytes: string, marks: HeadMarks | undefined): Judged {
  if (!marks) return { marked: false, difference: undefined };
  const request = requestBytes(marks);
  const end = request || responseBytes(marks);
  const text = bytes.slice(0, end);
  const [quick, judging] = request
    ? [
        outcome(() => markedRequestHead(text, marks, LIMITS)),
        outcome(() => parseRequestHead(bytes, 0, headEnd(bytes, 0), LIMITS)),
      ]
    : [
        outcome(() => markedResponseHead(text, marks)),
        outcome(() => parseResponseHead(bytes, headEnd(bytes, 0))),
      ];
  const difference = quick === judging ? undefined : `${JSON.stringify(bytes)}\n ${quick}\n ${judging}`;
  return { marked: true, difference };
}

/** Sends each text by itself to a stream loop. @returns what `judge` said of each, by the marks that it came with */
async function throughTheLoop<T>(
  texts: readonly string[],
  judge: (text: string, marks: HeadMarks | undefined) => T,
): Promise<T[]> {
  const judged: T[] = [];
  const done = Promise.withResolvers<void>();
  let send = (_text: string) => {};
  const server = createServer(socket => {
    socket.setNoDelay();
    send = text => socket.write(text, 'latin1');
    send(texts[0]!);
  }).listen(0, '127.0.0.1');
  await new Promise(listening => server.once('listening', listening));
  const loop = new StreamLoop({ begin() {}, end() {} }, FIELD_NAMES);
  const stream = loop.connect('127.0.0.1', (server.address() as { port: number }).port, {
    streamData(bytes, marks) {
      assert.equal(bytes.latin1Slice(), texts[judged.length], 'each text comes by itself');
      judged.push(judge(texts[judged.length]!, marks));
      if (judged.length === texts.length) done.resolve();
      else send(texts[judged.length]!);
    },
    streamEnded: () => done.reject(new Error('ended')),
    streamClosed: () => done.reject(new Error('closed')),
    streamConnected() {},
    streamSecure() {},
    streamFault() {},
    streamDrained() {},
    streamFlushed() {},
  });
  try {
    await done.promise;
  } finally {
    loop.close(stream);
    server.close();
  }
  return judged;
}

const ANSWERS = [
  'HTTP/1.1 200 OK',
  'HTTP/1.0 404 Not Found',
  'HTTP/1.1 204 ',
  'HTTP/1.1 200',
  'HTTP/1.1 2x0 OK',
];

const asAnswer = (request: string, dice: Dice) => request.replace(/^[^\r\n]*/, dice.pick(ANSWERS));

for (const [kind, make] of [
  ['requests', nearlyRight],
  ['answers', (dice: Dice) => asAnswer(nearlyRight(dice), dice)],
] as const) {
  test(`marks: ${RUNS} nearly right ${kind}, seed ${SEED}: read as the parser that judges reads them`, async () => {
    const dice = new Dice(SEED);
    const judged = await throughTheLoop(
      Array.from({ length: RUNS }, () => make(dice)),
      compare,
    );
    assert.deepEqual(judged.flatMap(({ difference }) => difference ?? []).slice(0, 3), []);
    const marked = judged.filter(one => one.marked).length;
    assert.ok(marked > RUNS / 10, `only ${marked} of ${RUNS} were marked`);
    assert.ok(marked < RUNS * 0.9, `${marked} of ${RUNS} were marked: nothing odd is among them`);
  });
}

const BROWSER = `GET /a/b?c=d HTTP/1.1\r\nHost: h.example\r\nUser-Agent: Mozilla/5.0 (\xfc; \t)\r\naccept: */*\r\nX-Own: 1\r\nDNT: 1\r\n\r\n`;

/** Each with the head it must not be marked for: these are the parser's to judge. */
const UNMARKED: readonly (readonly [what: string, bytes: string])[] = [
  ['LF alone', 'GET / HTTP/1.1\nHost: h\n\n'],
  ['LF alone behind a field', 'GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n'],
  ['no blank after the colon', 'GET / HTTP/1.1\r\nHost:h\r\n\r\n'],
  ['two blanks after the colon', 'GET / HTTP/1.1\r\nHost:  h\r\n\r\n'],
  ['a blank at the end', 'GET / HTTP/1.1\r\nHost: h \r\n\r\n'],
  ['a blank before the colon', 'GET / HTTP/1.1\r\nHost : h\r\n\r\n'],
  ['an empty value', 'GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n'],
  ['a folded line', 'GET / HTTP/1.1\r\nHost: h\r\n x\r\n\r\n'],
  ['a NUL', 'GET / HTTP/1.1\r\nHost: h\0\r\n\r\n'],
  ['a DEL eight bytes in', 'GET / HTTP/1.1\r\nHost: 1234567\x7f89\r\n\r\n'],
  ['CR alone', 'GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n'],
  ['an underscore in a name', 'GET / HTTP/1.1\r\nHost: h\r\nX_Y: 1\r\n\r\n'],
  ['another version', 'GET / HTTP/1.2\r\nHost: h\r\n\r\n'],
  ['no version', 'GET /aaaaaaaaaaaaaaaaa\r\nHost: h\r\n\r\n'],
  ['an empty line in front', '\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['not all of it', 'GET / HTTP/1.1\r\nHost: h\r\n\r'],
  ['more fields than are marked', `GET / HTTP/1.1\r\nHost: h\r\n${'X: y\r\n'.repeat(64)}\r\n`],
  ['a short word', 'GET'],
  ['a body', '{"method": "GET / HTTP/1.1"}\r\n\r\n'],
];

test('marks: what is odd is left unmarked, what is usual is marked', async () => {
  const texts = [BROWSER, ...UNMARKED.map(([, bytes]) => bytes)];
  const marked = await throughTheLoop(texts, (_, marks) => marks !== undefined);
  assert.deepEqual(marked, [true, ...UNMARKED.map(() => false)]);
});

test('marks: names and values are those that were sent, whatever their spelling', async () => {
  const wide = { ...LIMITS, lineBytes: 8192, maxHeaders: 100 };
  const [fields] = await throughTheLoop([BROWSER], (text, marks) => {
    const { headers } = markedRequestHead(text, marks!, wide);
    return headers.keys.map((key, at) => `${headers.nameAt(at)}|${key}|${headers.valueAt(at)}`);
  });
  assert.deepEqual(fields, [
    'Host|host|h.example',
    'User-Agent|user-agent|Mozilla/5.0 (\xfc; \t)',
    'accept|accept|*/*',
    'X-Own|x-own|1',
    'DNT|dnt|1',
  ]);
});

test('marks: the same names for places in C and in TypeScript', () => {
  const header = readFileSync(new URL('../../native/src/head.h', import.meta.url), 'latin1');
  const found = [...header.matchAll(/\b(HEAD_[A-Z_]+)\s*(?:=\s*|\s)(\d+)\b/g)];
  assert.ok(found.length >= 12, `${found.length} names found`);
  for (const [, name, value] of found)
    assert.equal(Reflect.get(headMarks, `${name}`), Number(value), `${name}`);
});
