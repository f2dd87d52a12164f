/** Replies of Redis: whole ones are read however they are cut, and what is damaged is refused as such, and never more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCommand, RedisError, type Reply, RespFault, RespReader } from '../../kit/resp.ts';
import { Sealer } from '../../l7/store/redis/seal.ts';
import { Dice } from './requests.ts';

const ROUNDS = 20_000;
const STREAM = Buffer.from(
  '+OK\r\n-ERR no\r\n:-12\r\n$5\r\na\r\nbc\r\n$-1\r\n*-1\r\n*0\r\n$0\r\n\r\n' +
    '*2\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nm\r\n$2\r\nxy\r\n+z\r\n',
);

const plain = (reply: Reply): unknown =>
  reply instanceof Buffer
    ? reply.toString()
    : reply instanceof RedisError
      ? `! ${reply.message}`
      : Array.isArray(reply)
        ? reply.map(plain)
        : reply;

const WHOLE = [
  ...['OK', '! ERR no', -12, 'a\r\nbc', null, null, [], ''],
  [['k', [['1-0', ['m', 'xy']]]], 'z'],
];

test('redis replies: what is whole is read, however it is cut', () => {
  const dice = new Dice(7);
  for (let round = 0; round < 2000; round++) {
    const replies: unknown[] = [];
    const reader = new RespReader(reply => replies.push(plain(reply)));
    for (let at = 0; at < STREAM.length; ) {
      const end = at + 1 + dice.below(20);
      reader.push(Buffer.from(STREAM.subarray(at, end)));
      at = end;
    }
    assert.deepEqual(replies, WHOLE);
  }
});

test('redis replies: damaged and random bytes are refused by a RespFault', () => {
  const dice = new Dice(8);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = Buffer.from(STREAM);
    for (let n = 1 + dice.below(5); n > 0; n--) bytes[dice.below(bytes.length)] = dice.below(256);
    try {
      new RespReader(() => {}).push(bytes);
    } catch (fault) {
      assert.ok(fault instanceof RespFault, `${fault} of ${bytes.toString('latin1')}`);
      refused++;
    }
  }
  assert.ok(refused > ROUNDS / 10, `${refused}`);
});

for (const [what, text] of [
  ['a string of a gigabyte', '$1073741824\r\n'],
  ['an array of a billion', '*1000000000\r\n'],
  ['arrays in arrays', '*1\r\n'.repeat(20)],
  ['a line without an end', '+'.padEnd(70_000, 'x')],
  ['a length that is none', '$-5\r\n'],
] as const)
  test(`redis replies: ${what} is refused before it is gathered`, () => {
    assert.throws(() => new RespReader(() => assert.fail('it was taken')).push(Buffer.from(text)), RespFault);
  });

test('redis commands: words of all kinds are counted in bytes', () => {
  const bytes = encodeCommand(['SET', 'k\xe9', 12, Buffer.from([0, 255])]);
  assert.equal(bytes.toString('latin1'), '*4\r\n$3\r\nSET\r\n$2\r\nk\xe9\r\n$2\r\n12\r\n$2\r\n\0\xff\r\n');
});

test('redis seal: nothing that was changed, carried elsewhere or sealed with another key is opened', () => {
  const dice = new Dice(9);
  const node = Buffer.alloc(16, 5);
  const sealer = new Sealer('a key of some length', node);
  const reader = new Sealer('a key of some length', Buffer.alloc(16, 6));
  const sealed = sealer.seal('place', Buffer.from('secret'));
  const opened = reader.open('place', sealed);
  assert.deepEqual([opened?.plain.toString(), opened?.number], ['secret', 1]);
  assert.equal(reader.open('place', sealer.seal('place', Buffer.from('secret')))?.number, 2);
  assert.equal(reader.open('another', sealed), undefined);
  assert.equal(new Sealer('another key of that length', node).open('place', sealed), undefined);
  for (let round = 0; round < ROUNDS / 10; round++) {
    const bytes = Buffer.from(sealed);
    const at = dice.below(bytes.length);
    bytes[at] = bytes[at]! ^ (1 + dice.below(255));
    assert.equal(reader.open('place', bytes), undefined);
    assert.equal(reader.open('place', sealed.subarray(0, dice.below(sealed.length))), undefined);
  }
});
