/** Records and packets: what is written is read again, and nothing else is believed. */
import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { addressBytes } from '../../../l4/address.ts';
import { BODY_MOST, KINDS, type Packet, seal, unseal, VERSION } from '../../../l4/sync/packet.ts';
import { OP, RecordFault, RecordWriter, readRecords, type SyncRecord } from '../../../l4/sync/record.ts';

const KNOWN = { states: 7, modes: 4 };
const place = (address: string, port: number) => ({ address: addressBytes(address), port });
const splice = Uint8Array.from({ length: 28 }, (_, at) => at);

const RECORDS: readonly SyncRecord[] = [
  { op: OP.ends, protocol: 6, client: place('192.0.2.1', 1025), virtual: place('198.51.100.1', 80) },
  {
    ...{ op: OP.lives, protocol: 6, client: place('192.0.2.1', 1025), virtual: place('198.51.100.1', 80) },
    life: {
      state: 1,
      mode: 1,
      idleMs: 77,
      real: place('10.0.0.1', 8080),
      source: undefined,
      splice: undefined,
    },
  },
  {
    ...{ op: OP.lives, protocol: 17, client: place('2001:db8::1', 65535), virtual: place('2001:db8::2', 53) },
    life: {
      state: 4,
      mode: 2,
      idleMs: 0,
      real: place('fd00::1', 0),
      source: place('fd00::9', 20000),
      splice: undefined,
    },
  },
  {
    ...{ op: OP.lives, protocol: 6, client: place('2001:db8::1', 1), virtual: place('2001:db8::2', 443) },
    life: {
      state: 1,
      mode: 3,
      idleMs: 0xffffffff,
      real: place('10.0.0.1', 0),
      source: undefined,
      splice: undefined,
    },
  },
  {
    ...{ op: OP.lives, protocol: 6, client: place('192.0.2.1', 1025), virtual: place('198.51.100.1', 80) },
    life: { state: 2, mode: 2, idleMs: 5, real: place('10.0.0.1', 80), source: place('10.0.0.9', 2), splice },
  },
  {
    ...{ op: OP.template, protocol: 6, client: place('192.0.2.0', 0), virtual: place('198.51.100.1', 80) },
    life: { state: 5, mode: 0, idleMs: 5, real: place('10.0.0.1', 80), source: undefined, splice: undefined },
  },
  { op: OP.walked, wish: 0xfffffffe },
  {
    ...{ op: OP.real, protocol: 17, virtual: place('198.51.100.1', 53), real: place('fd00::1', 0) },
    ...{ alive: true, weight: 65_535, turn: 7 },
  },
];

function written(records: readonly SyncRecord[]): Uint8Array {
  const room = new Uint8Array(BODY_MOST);
  const writer = new RecordWriter(room);
  for (const record of records) writer.put(record);
  return room.slice(0, writer.length);
}

const plain = (records: Iterable<SyncRecord>) => JSON.parse(JSON.stringify([...records]));

test('records: each kind comes back as it went', () => {
  assert.deepEqual(plain(readRecords(written(RECORDS), KNOWN)), plain(RECORDS));
});

test('records: forty flows of IPv4 fit into one packet', () => {
  const writer = new RecordWriter(new Uint8Array(BODY_MOST));
  let count = 0;
  for (; writer.hasRoom; count++) writer.put(RECORDS[1]!);
  assert.ok(count >= 40, `${count}`);
});

test('records: cut off anywhere they are refused, and those before are given', () => {
  const bytes = written(RECORDS);
  const ends = new Set(RECORDS.map((_, at) => written(RECORDS.slice(0, at)).length));
  for (let length = 0; length < bytes.length; length++) {
    const read = () => [...readRecords(bytes.subarray(0, length), KNOWN)];
    if (ends.has(length)) read();
    else assert.throws(read, RecordFault);
  }
});

test('records: no bytes make the reader do anything but read or refuse', () => {
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = round % 2 ? randomBytes(1 + (round % 200)) : Buffer.from(written(RECORDS));
    for (let flips = round % 2 ? 0 : 1 + (round % 5); flips > 0; flips--)
      bytes[randomBytes(2).readUInt16BE() % bytes.length]! ^= 1 << (flips % 8);
    try {
      for (const record of readRecords(bytes, KNOWN)) {
        if (!('client' in record) || !record.life) continue;
        assert.ok(record.life.state < 7 && record.life.mode < 4);
        assert.equal(record.client.address.length, 16);
      }
    } catch (fault) {
      assert.ok(fault instanceof RecordFault, String(fault));
      refused++;
    }
  }
  assert.ok(refused > 5000);
});

const key = createSecretKey(Buffer.from('a key that both of them know'));
const packet: Packet = {
  ...{ kind: 'data', from: '0123456789abcdef', to: 'fedcba9876543210', sequence: 2 ** 40 },
  body: Buffer.from('records'),
};

test('packets: what is sealed is read again', () => {
  for (const kind of KINDS) {
    const read = unseal(seal({ ...packet, kind }, key), key);
    assert.ok(typeof read === 'object');
    assert.deepEqual({ ...read, body: Buffer.from(read.body) }, { ...packet, kind });
  }
});

test('packets: each bit counts, and so does the key', () => {
  const sealed = seal(packet, key);
  for (let at = 0; at < sealed.length * 8; at++) {
    const bytes = Buffer.from(sealed);
    bytes[at >> 3]! ^= 1 << (at & 7);
    assert.equal(unseal(bytes, key), at < 32 ? 'not-ours' : 'forged');
  }
  for (let length = 0; length < sealed.length; length++)
    assert.equal(unseal(sealed.subarray(0, length), key), length < 48 ? 'truncated' : 'forged');
  assert.equal(unseal(sealed, createSecretKey(Buffer.from('another key, as long'))), 'forged');
});

test('packets: another version is told from a forgery; a kind that nobody knows is malformed', () => {
  assert.equal(unseal(seal(packet, key, VERSION + 1), key), 'version');
  assert.equal(unseal(seal({ ...packet, kind: 'nothing' as 'data' }, key), key), 'malformed');
});
