/** Which answer of an HTTP/2 connection goes first (RFC 9218): what the field says, and the order in which DATA comes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { settingsFrame, windowFrame, word } from '../../../l7/wire/h2/frame.ts';
import { DEFAULT_PRIORITY, priorityOf } from '../../../l7/wire/h2/priority.ts';
import { type Fields, fieldOf, H2Wire, pseudo } from '../../e2e/h2-wire.ts';
import { freePorts, httpConf, type Running, startMoat } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';

const PRIORITY = 2;
const PRIORITY_UPDATE = 16;
const DATA = 0;
const BIG = 65_600;

/** Fields and what they say: urgency and whether in pieces; undefined: no dictionary. */
const FIELDS: readonly (readonly [field: string, says: string | undefined])[] = [
  ['', '3'],
  ['u=0', '0'],
  ['u=7, i', '7i'],
  ['i', '3i'],
  ['i=?0, u=5', '5'],
  ['i=?1', '3i'],
  [' u=1 ', '1'],
  ['u=1 ,\ti', '1i'],
  ['u=8', '3'],
  ['u=-1', '3'],
  ['u=1.0', '3'],
  ['u="1"', '3'],
  ['u', '3'],
  ['u=0, u=9', '3'],
  ['u=1, u=2', '2'],
  ['i=1', '3'],
  ['a=1;u=0', '3'],
  ['u=1;x=2;y', '1'],
  ['x="a,u=0"', '3'],
  ['u=0, x="a\\"b\\\\"', '0'],
  ['u=0, x=abc', '0'],
  ['u=0, x=:aGk=:', '0'],
  [`u=0, x=:${'A'.repeat(21_848)}:`, '0'],
  ['u=0, x=(1 "a" b;c=?0 );d', '0'],
  ['u=0, x=()', '0'],
  ['u=0, x=1.5', '0'],
  ['u=0, x=-123456789012345', '0'],
  ['u=0, *x._-*=?1', '0'],
  ['invalid', '3'],
  ['U=0', undefined],
  ['u=0, @bad', undefined],
  ['u=0,', undefined],
  [',u=0', undefined],
  ['u=0 i', undefined],
  ['u=0, i;', undefined],
  ['u=0, x=', undefined],
  ['u=0, x=1234567890123456', undefined],
  ['u=0, x=1234567890123.5', undefined],
  ['u=0, x=1.2345', undefined],
  ['u=0, x=1.', undefined],
  ['u=0, x="open', undefined],
  ['u=0, x="a\\b"', undefined],
  ['u=0, x="\xe4"', undefined],
  ['u=0, x=:a:', undefined],
  [`u=0, x=:${'A'.repeat(21_852)}:`, undefined],
  ['u=0, x=(1 2', undefined],
  ['u=0, x=(1,2)', undefined],
  ['u=0, x=?2', undefined],
  [`u=0, x="${'a'.repeat(1025)}"`, undefined],
  [`u=0, x=${'a'.repeat(513)}`, undefined],
  [`u=0, ${Array.from({ length: 1024 }, (_, at) => `x${at}=1`).join(', ')}`, undefined],
];

test('priority: what fields say', () => {
  for (const [field, says] of FIELDS) {
    const priority = priorityOf(field);
    const told = priority === undefined ? undefined : `${priority >> 1}${priority & 1 ? 'i' : ''}`;
    assert.equal(told, says, field.slice(0, 60));
  }
  assert.equal(priorityOf('i', 4), 5, 'what is not said stays');
  assert.equal(priorityOf('u=1', 11), 3);
  assert.equal(priorityOf(''), DEFAULT_PRIORITY);
});

test('priority: long fields of strangers end like short ones', () => {
  // A pattern that tries all ways through these would never be done.
  const fields = [
    `u=0, x=${'('.repeat(30_000)}`,
    'a, '.repeat(10_000),
    `x="${'\\"'.repeat(15_000)}`,
    `x=${'1 '.repeat(15_000)}`,
  ];
  for (const field of fields) assert.equal(priorityOf(field), undefined);
});

const [port = 0] = await freePorts(1);
let moat: Running;
let upstream: Upstream;

before(async () => {
  upstream = await startUpstream(({ target }) =>
    response(200, 'small', [
      `Priority: ${target === '/urgent' ? 'u=0' : target === '/pieces' ? 'i' : 'u=0, @bad'}`,
    ]),
  );
  moat = await startMoat(
    httpConf(`http2 on; large_client_header_buffers 4 32k;
    server { listen 127.0.0.1:${port}; location / { root .; } location /up/ { proxy_pass http://127.0.0.1:${upstream.port}/; }
      location /watched/ { mirror /seen; alias ./; } location = /seen { internal; proxy_pass http://127.0.0.1:${upstream.port}/urgent; } }`),
    { files: { big: 'x'.repeat(BIG), small: 'small' } },
  );
});

after(async () => {
  await moat?.stop();
  await upstream?.stop();
});

const asking = (path: string, priority: string | undefined): Fields =>
  priority === undefined ? pseudo(path) : [...pseudo(path), ['priority', priority]];

const got = (wire: H2Wire, stream: number) =>
  wire
    .on(stream)
    .filter(({ type }) => type === DATA)
    .reduce((sum, { payload }) => sum + payload.length, 0);

/** Stream 1 has used up the window of the connection, stream 3 waits behind it. */
async function stall(wire: H2Wire, first?: string, second?: string, path = '/small'): Promise<H2Wire> {
  wire.open(asking('/big', first));
  await wire.until(() => got(wire, 1) === 65_535, 'the window to be used up');
  wire.open(asking(path, second));
  await wire.take(1, 3);
  return wire;
}

/** In which order the last DATA of both comes, once there is room. */
async function order(wire: H2Wire): Promise<string> {
  const before = wire.frames.length;
  wire.send(windowFrame(1, 100_000) + windowFrame(3, 100_000) + windowFrame(0, 100_000));
  await Promise.all([wire.answer(1), wire.answer(3)]);
  return wire.frames
    .slice(before)
    .filter(({ type }) => type === DATA)
    .map(({ stream }) => stream)
    .join(' ');
}

const dial = () => H2Wire.dial({ port, narrow: true });

const ORDERS: readonly (readonly [
  first: string | undefined,
  second: string | undefined,
  path: string,
  order: string,
])[] = [
  [undefined, undefined, '/small', '1 3'],
  ['u=3', 'u=0', '/small', '3 1'],
  ['u=0', 'u=3', '/small', '1 3'],
  ['u=3, i', 'u=3', '/small', '3 1'],
  ['u=3', 'u=3, i', '/small', '1 3'],
  ['u=3', 'u=0, @bad', '/small', '1 3'],
  ['u=3', 'u=7', '/up/urgent', '3 1'],
  ['u=3', 'u=0', '/up/pieces', '3 1'],
  ['u=3', 'u=7', '/up/bad', '1 3'],
  ['u=3', 'u=3', '/watched/small', '1 3'],
];

for (const [first, second, path, expected] of ORDERS)
  test(`priority: ${first}, then ${second} for ${path}`, async () => {
    await using wire = await dial();
    await stall(wire, first, second, path);
    assert.equal(await order(wire), expected);
  });

test('priority: a frame changes a stream that is open, and is kept for one that is to come', async () => {
  await using open = await dial();
  await stall(open);
  open.frame(PRIORITY_UPDATE, 0, 0, `${word(3)} u=0`);
  assert.equal(await order(open), '3 1');
  await using early = await dial();
  early.frame(PRIORITY_UPDATE, 0, 0, `${word(3)}u=7`);
  await stall(early, 'u=3', 'u=0');
  assert.equal(await order(early), '1 3', 'it says more than the field');
});

test('priority: a frame says all of it; one that cannot be read says nothing; old priorities say nothing', async () => {
  await using whole = await dial();
  await stall(whole, 'u=3', 'u=0');
  whole.frame(PRIORITY_UPDATE, 0, 0, `${word(3)}a=1`);
  assert.equal(await order(whole), '1 3');
  await using broken = await dial();
  await stall(broken, 'u=7');
  broken.frame(PRIORITY_UPDATE, 0, 0, `${word(1)}U=0`);
  assert.equal(await order(broken), '3 1');
  await using old = await dial();
  await stall(old);
  old
    .frame(PRIORITY, 0, 1, '\0\0\0\0\0')
    .frame(PRIORITY, 0, 3, '\0\0\0\0\xff')
    .send(settingsFrame([[9, 1]]));
  assert.equal(await order(old), '1 3');
});

test('priority: of streams that are to come a few are remembered', async () => {
  for (const [others, expected] of [
    [31, '3 1'],
    [32, '1 3'],
  ] as const) {
    await using wire = await dial();
    wire.frame(PRIORITY_UPDATE, 0, 0, `${word(1)}u=7`);
    for (let at = 1; at <= others; at++) wire.frame(PRIORITY_UPDATE, 0, 0, `${word(2 * at + 101)}u=4`);
    await stall(wire);
    assert.equal(await order(wire), expected);
  }
});

test('priority: the field of the server goes on as it is', async () => {
  await using wire = await dial();
  assert.equal(fieldOf((await wire.get('/up/urgent', [['priority', 'u=5, i']])).fields, 'priority'), 'u=0');
});

for (const [name, stream, payload, code] of [
  ['on a stream', 1, `${word(1)}u=0`, 1],
  ['for stream 0', 0, `${word(0)}u=0`, 1],
  ['for an even stream', 0, `${word(2)}u=0`, 1],
  ['of three bytes', 0, '\0\0\0', 6],
] as const)
  test(`priority: a PRIORITY_UPDATE ${name} ends the connection`, async () => {
    await using wire = await dial();
    wire.frame(PRIORITY_UPDATE, 0, stream, payload);
    assert.equal((await wire.farewell()).code, code);
  });
