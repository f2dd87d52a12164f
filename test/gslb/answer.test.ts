/** What queries are answered: the codes and sections of the RFCs, EDNS, client subnets, truncation, and no more than is due. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIENT, Desk, drawing, zoned } from './desk.ts';
import { option, query, TYPES, told } from './message.ts';

const WWW = 'www.g.example.org';
const desk = () =>
  new Desk(
    zoned(`record ${WWW} { ttl 10s; site a 192.0.2.10; }
      record deep.down.g.example.org { site b 192.0.2.11 2001:db8::11; }`),
  );

test('an address is answered with authority, under the name as it was written', () => {
  const answer = desk().ask({ name: 'wWw.G.eXample.ORG', type: TYPES.A, id: 7 });
  assert.deepEqual(answer, {
    ...{ id: 7, rcode: 0, opcode: 0, flags: ['aa', 'rd'], question: 'wWw.G.eXample.ORG 1 1' },
    ...{ answers: ['wWw.G.eXample.ORG 1 10 c000020a'], authorities: [], additionals: [], edns: undefined },
  });
});

test('what is not there is told with the SOA: no such type, no such name, a name that others stand below', () => {
  const soa = /^g\.example\.org 6 30 /;
  for (const [name, type, rcode] of [
    [WWW, TYPES.AAAA, 0],
    [WWW, TYPES.TXT, 0],
    ['down.g.example.org', TYPES.A, 0],
    ['g.example.org', TYPES.DS, 0],
    ['nobody.g.example.org', TYPES.A, 3],
    [`below.${WWW}`, TYPES.A, 3],
  ] as const) {
    const { rcode: told, answers, authorities, flags } = desk().ask({ name, type });
    assert.deepEqual([told, answers, authorities.length], [rcode, [], 1], `${name} ${type}`);
    assert.match(authorities[0]!, soa);
    assert.ok(flags.includes('aa'));
  }
});

test('the head of the zone: SOA, NS with addresses of those within, and the addresses themselves', () => {
  const one = desk();
  const { answers: soa } = one.ask({ name: 'g.example.org', type: TYPES.SOA });
  assert.equal(soa.length, 1);
  assert.match(soa[0]!, /^g\.example\.org 6 3600 036e7331.*0a686f73746d6173746572.*00000001/);
  const { answers, additionals } = one.ask({ name: 'g.example.org', type: TYPES.NS });
  assert.equal(answers.length, 2);
  assert.deepEqual(additionals, [
    'ns1.g.example.org 1 3600 c0000235',
    'ns1.g.example.org 28 3600 20010db8000000000000000000000053',
  ]);
  assert.deepEqual(one.addresses('ns1.g.example.org', TYPES.A), ['c0000235']);
});

test('wildcards: for names that are not there, below the nearest that is, and for no name that others stand below', () => {
  const one = new Desk(
    zoned(`record *.g.example.org { site a 192.0.2.10; }
      record *.shop.g.example.org { site b 192.0.2.11; }
      record deep.down.shop.g.example.org { site c 192.0.2.12; }`),
  );
  const rows = [
    ['anything.g.example.org', 'c000020a'],
    ['a.b.c.g.example.org', 'c000020a'],
    ['*.g.example.org', 'c000020a'],
    ['x.shop.g.example.org', 'c000020b'],
    ['deep.down.shop.g.example.org', 'c000020c'],
    ['shop.g.example.org', undefined],
    ['down.shop.g.example.org', undefined],
    ['x.down.shop.g.example.org', undefined],
    ['x.ns1.g.example.org', undefined],
    ['g.example.org', undefined],
  ] as const;
  for (const [name, address] of rows)
    assert.deepEqual(one.addresses(name, TYPES.A), address === undefined ? [] : [address], name);
  const { answers, rcode } = one.ask({ name: 'Any.G.example.org', type: TYPES.A });
  assert.deepEqual(
    [rcode, answers],
    [0, ['Any.G.example.org 1 30 c000020a']],
    'under the name that was asked for',
  );
  const codes = ['x.down.shop.g.example.org', 'down.shop.g.example.org'].map(
    name => one.ask({ name, type: TYPES.A }).rcode,
  );
  assert.deepEqual(codes, [3, 0]);
  assert.equal(
    one.ask({ name: 'any.g.example.org', type: TYPES.AAAA }).rcode,
    0,
    'it is there, and has no such address',
  );
});

test('refused: names of others, other classes, transfers; not done: other opcodes, other versions of EDNS', () => {
  const one = desk();
  assert.equal(one.ask({ name: 'example.org', type: TYPES.A }).rcode, 5);
  assert.equal(one.ask({ name: '', type: TYPES.NS }).rcode, 5);
  assert.equal(one.ask({ name: WWW, type: TYPES.A, klass: 3 }).rcode, 5);
  assert.equal(one.ask({ name: 'g.example.org', type: TYPES.AXFR }).rcode, 5);
  assert.equal(one.ask({ name: 'g.example.org', type: TYPES.IXFR }).rcode, 5);
  const notify = one.ask({ name: WWW, type: TYPES.SOA, flags: 4 << 11 });
  assert.deepEqual([notify.rcode, notify.opcode], [4, 4]);
  const { rcode, edns, answers } = one.ask({ name: WWW, type: TYPES.A, edns: { version: 1 } });
  assert.deepEqual([rcode, edns?.extended, edns?.version, answers], [0, 1, 0, []]);
});

test('ANY is answered by HINFO alone (RFC 8482)', () => {
  const { answers } = desk().ask({ name: WWW, type: TYPES.ANY });
  assert.deepEqual(answers, [`${WWW} 13 3600 ${Buffer.from('\x07RFC8482\0', 'latin1').toString('hex')}`]);
});

test('EDNS is answered where it was sent: our size, the DO bit, and the client subnet as it came', () => {
  const options = [option(10, 1, 2, 3, 4, 5, 6, 7, 8), option(8, 0, 1, 24, 0, 198, 51, 100)];
  const { edns } = desk().ask({ name: WWW, type: TYPES.A, edns: { bytes: 4096, flags: 0x8000, options } });
  assert.deepEqual(edns, {
    bytes: 1232,
    extended: 0,
    version: 0,
    flags: 0x8000,
    options: `00080007000118${'00'}c63364`,
  });
});

test('a client subnet that is not as RFC 7871 has it is a format error', () => {
  const one = desk();
  for (const bytes of [
    [0, 1, 24],
    [0, 1, 24, 0, 198, 51],
    [0, 1, 24, 0, 198, 51, 100, 7],
    [0, 1, 20, 0, 198, 51, 100],
    [0, 1, 33, 0, 198, 51, 100, 7, 1],
    [0, 1, 24, 24, 198, 51, 100],
    [0, 3, 8, 0, 198],
  ])
    assert.equal(
      one.ask({ name: WWW, type: TYPES.A, edns: { options: [option(8, ...bytes)] } }).rcode,
      1,
      `${bytes}`,
    );
  const twice = [option(8, 0, 1, 0, 0), option(8, 0, 1, 0, 0)];
  assert.equal(one.ask({ name: WWW, type: TYPES.A, edns: { options: twice } }).rcode, 1);
});

test('what does not fit says "come by TCP", and TCP has all of it', () => {
  const sites = Array.from({ length: 16 }, (_, at) => `site s${at} 2001:db8::${at + 1};`).join(' ');
  const one = new Desk(zoned(`record ${WWW} { answers 16; ${sites} }`));
  const cut = one.ask({ name: WWW, type: TYPES.AAAA });
  // 16 records of 28 bytes are 448, with head and question more than 481.
  assert.deepEqual([cut.flags, cut.answers.length], [['aa', 'rd'], 16]);
  const longer = `${'a'.repeat(60)}.${'b'.repeat(60)}.g.example.org`;
  const two = new Desk(zoned(`record ${longer} { answers 16; ${sites} }`));
  const asked = { name: longer, type: TYPES.AAAA };
  const refused = two.ask(asked);
  assert.deepEqual([refused.flags, refused.answers], [['aa', 'tc', 'rd'], []]);
  assert.equal(two.ask({ ...asked, edns: { bytes: 1232 } }).answers.length, 16);
  assert.equal(told(two.responder.message(query(asked), CLIENT)!).answers.length, 16);
  assert.equal(two.responder.counts.truncated, 1);
});

test('faulty messages are format errors; what is no query has no answer', () => {
  const { responder } = desk();
  const sound = query({ name: WWW, type: TYPES.A });
  const rcodeOf = (bytes: Buffer) => {
    const reply = responder.datagram(bytes, CLIENT);
    return reply && told(reply).rcode;
  };
  const counted = (at: number, count: number) => {
    const bytes = Buffer.from(sound);
    bytes.writeUInt16BE(count, at);
    return bytes;
  };
  const pointer = Buffer.concat([sound.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
  const long = Buffer.concat([
    sound.subarray(0, 12),
    Buffer.alloc(260, '\x01a', 'latin1'),
    Buffer.from([0, 0, 1, 0, 1]),
  ]);
  const withOpts = Buffer.concat([
    query({ name: WWW, type: TYPES.A, edns: {} }),
    Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]),
  ]);
  withOpts.writeUInt16BE(2, 10);
  for (const bytes of [
    counted(4, 0),
    counted(4, 2),
    counted(6, 1),
    counted(10, 1),
    pointer,
    long,
    withOpts,
    Buffer.concat([sound, Buffer.from([0])]),
    sound.subarray(0, 20),
  ])
    assert.equal(rcodeOf(bytes), 1, bytes.toString('hex'));
  assert.equal(rcodeOf(query({ name: WWW, type: TYPES.A, flags: 0x8000 })), undefined);
  for (let length = 0; length < 12; length++) assert.equal(rcodeOf(sound.subarray(0, length)), undefined);
});

test('above the rate a network is told to come by TCP at times, and else nothing', () => {
  const one = new Desk(zoned(`record ${WWW} { site a 192.0.2.10; }`, 'rate_limit 10/s burst=3 slip=2;'));
  const bytes = query({ name: WWW, type: TYPES.A });
  const outcome = (source: string) => {
    const reply = one.responder.datagram(bytes, source);
    if (!reply) return 'nothing';
    const { flags, answers } = told(reply);
    return flags.includes('tc') ? `tc ${answers.length}` : 'answer';
  };
  const from = (source: string, count: number) => Array.from({ length: count }, () => outcome(source));
  assert.deepEqual(from('198.51.100.1', 7), [
    'answer',
    'answer',
    'answer',
    'nothing',
    'tc 0',
    'nothing',
    'tc 0',
  ]);
  assert.equal(outcome('198.51.100.2'), 'nothing', 'the same network');
  assert.equal(outcome('198.51.101.2'), 'answer', 'another one');
  assert.deepEqual(from('2001:db8:0:ff::1', 4), ['answer', 'answer', 'answer', 'nothing']);
  one.nowMs += 100;
  assert.deepEqual(from('198.51.100.1', 2), ['answer', 'tc 0']);
  assert.ok(one.responder.message(bytes, '198.51.100.1'), 'TCP has no limit');
  assert.equal(one.responder.counts.drops.rate, 4);
});

test('twenty thousand damaged queries: never an answer to an answer, never more than is allowed, never a fault', () => {
  const one = new Desk(zoned(`record ${WWW} { site a 192.0.2.10; site b 192.0.2.11; }`, 'rate_limit off;'));
  const draw = drawing(20260101);
  const below = (most: number) => Math.floor(draw() * most);
  const names = [WWW, 'g.example.org', 'nobody.g.example.org', 'example.com', ''];
  let answered = 0;
  for (let round = 0; round < 20_000; round++) {
    const options =
      below(2) === 0
        ? []
        : [option(8, 0, 1 + below(2), below(40), 0, ...Array.from({ length: below(6) }, () => below(256)))];
    const edns =
      below(2) === 0 ? {} : { edns: { bytes: below(65_536), version: below(8) === 0 ? 1 : 0, options } };
    const bytes = query({
      name: names[below(names.length)]!,
      type: [1, 2, 6, 28, 255, 41, 252][below(7)]!,
      ...edns,
    });
    for (let flips = below(4); flips > 0; flips--) bytes[below(bytes.length)] = below(256);
    const sent = bytes.subarray(0, below(8) === 0 ? below(bytes.length + 1) : bytes.length);
    const reply = one.responder.datagram(sent, CLIENT);
    const isQuery = sent.length >= 12 && (sent[2]! & 0x80) === 0;
    assert.equal(reply !== undefined, isQuery, sent.toString('hex'));
    if (!reply) continue;
    answered++;
    const { id, edns: back } = told(reply);
    assert.equal(id, sent.readUInt16BE(0));
    assert.ok(reply.length <= (back ? 1232 : 512), sent.toString('hex'));
  }
  assert.ok(answered > 10_000, `${answered} were answered`);
  assert.deepEqual(one.faults, []);
});
