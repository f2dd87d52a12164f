/** DNS messages: what is asked, what is read, and that no bytes break the reader. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHostName, MessageFault, readReply, writeQuestion } from '../../../l7/resolve/message.ts';
import { draw, seeded } from '../zone/random.ts';

const bytes = (hex: string) => Buffer.from(hex.replace(/\s/g, ''), 'hex');
/** An answer to `A a.test` that came from a real server: an alias, its address, and pointers into the question. */
const ALIAS = bytes(`
  1234 8180 0001 0002 0000 0000
  01 61 04 74657374 00 0001 0001
  c00c 0005 0001 0000003c 0004 01 62 c00e
  c024 0001 0001 0000001e 0004 0a000001`);

test('dns: a question is a header, the name in labels, type and class', () => {
  assert.deepEqual(
    writeQuestion(0x1234, 'a.test.', 'AAAA'),
    bytes('1234 0100 0001 0000 0000 0000 01 61 04 74657374 00 001c 0001'),
  );
});

test('dns: an answer with compressed names is read', () => {
  assert.deepEqual(readReply(ALIAS), {
    id: 0x1234,
    code: 0,
    truncated: false,
    question: { name: 'a.test', type: 1 },
    answers: [
      { owner: 'a.test', ttlS: 60, type: 'alias', target: 'b.test' },
      { owner: 'b.test', ttlS: 30, type: 'address', of: 'A', address: '10.0.0.1' },
    ],
    negativeS: undefined,
  });
});

test('dns: IPv6 addresses are written as RFC 5952 says', () => {
  const read = (address: string) => {
    const [record] = readReply(
      bytes(`0000 8180 0000 0001 0000 0000 00 001c 0001 00000001 0010 ${address}`),
    ).answers;
    return record?.type === 'address' ? record.address : undefined;
  };
  const cases: Record<string, string> = {
    '20010db8000000000000000000000001': '2001:db8::1',
    '00000000000000000000000000000000': '::',
    '00000000000000000000000000000001': '::1',
    fe800000000000000000000000000000: 'fe80::',
    '20010db8000000010001000100010001': '2001:db8:0:1:1:1:1:1',
    '20010000000000010000000000000001': '2001:0:0:1::1',
    '00100000000000000000000000000100': '10::100',
  };
  for (const [hex, text] of Object.entries(cases)) assert.equal(read(hex), text);
});

test('dns: SRV records, and how long absence may be remembered', () => {
  const service = readReply(
    bytes('0000 8180 0000 0001 0000 0000 00 0021 0001 0000000a 0009 0001 0002 1f90 01 61 00'),
  );
  assert.deepEqual(service.answers[0], {
    owner: '',
    ttlS: 10,
    type: 'service',
    service: { priority: 1, weight: 2, port: 8080, target: 'a' },
  });
  const soa = '00 0006 0001 00000384 0018 01 6e 00 00 00000001 00000002 00000003 00000004 0000003c 00';
  assert.equal(readReply(bytes(`0000 8183 0000 0000 0001 0000 ${soa}`)).negativeS, 60);
});

test('dns: what is no whole message is refused', () => {
  const broken: Record<string, string> = {
    'a question': '1234 0100 0001 0000 0000 0000 01 61 00 0001 0001',
    'a name that points to itself': '1234 8180 0001 0000 0000 0000 c00c 0001 0001',
    'a label of unknown form': '1234 8180 0001 0000 0000 0000 80 00 0001 0001',
    'a record that ends behind the message':
      '0000 8180 0000 0001 0000 0000 00 0001 0001 00000001 0009 0a000001',
    'an A record of three bytes': '0000 8180 0000 0001 0000 0000 00 0001 0001 00000001 0003 0a0000',
    nothing: '',
  };
  for (const [what, hex] of Object.entries(broken))
    assert.throws(() => readReply(bytes(hex)), MessageFault, what);
  for (let end = 0; end < ALIAS.length; end++)
    assert.throws(() => readReply(ALIAS.subarray(0, end)), MessageFault, `cut at ${end}`);
});

test('dns: random damage is either read or refused', () => {
  const random = seeded(11);
  let refused = 0;
  for (let n = 0; n < 20_000; n++) {
    const damaged = Buffer.from(ALIAS);
    for (let hits = 0; hits < 3; hits++) damaged[draw(random, damaged.length)] = draw(random, 256);
    try {
      readReply(damaged);
    } catch (error) {
      assert.ok(error instanceof MessageFault, damaged.toString('hex'));
      refused++;
    }
  }
  assert.ok(refused > 1000 && refused < 19_000, `${refused} of 20000 refused`);
});

test('dns: only host names are asked for', () => {
  for (const name of ['a', 'a.example', 'a-b_c.example.', 'xn--bcher-kva.example', '1.2.3.4', '_http._tcp.a'])
    assert.ok(isHostName(name), name);
  for (const name of [
    '',
    '.',
    'a..b',
    'a b',
    'a/b',
    'é.example',
    `${'a'.repeat(64)}.b`,
    `${'a.'.repeat(127)}a`,
  ])
    assert.ok(!isHostName(name), name);
});
