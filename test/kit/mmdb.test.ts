/** Databases in MaxMind's format: what is found, beside libmaxminddb, and what damage does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Mmdb, MmdbFault } from '#kit/mmdb.ts';
import { numbers } from '../waf/numbers.ts';
import { mmdb, Typed } from './mmdb-writer.ts';

const COUNTRY = (code: string, name: string) => ({
  country: { iso_code: code, names: { en: name, de: `${name} (de)` }, is_in_european_union: code === 'DE' },
});
const ENTRIES = {
  '192.0.2.0/24': COUNTRY('DE', 'Germany'),
  '192.0.2.128/25': COUNTRY('FR', 'France'),
  '198.51.100.7/32': { autonomous_system_number: new Typed('uint32', 64496), list: ['a', 'b', { c: 'd' }] },
  '2001:db8::/32': {
    location: { latitude: 52.5, longitude: -13.25, accuracy: new Typed('uint16', 100) },
    below: new Typed('int32', -7),
    part: new Typed('float', 0.5),
    wide: new Typed('uint128', 2n ** 100n),
    long: 'x'.repeat(300),
    bytes: new Uint8Array([1, 2]),
  },
};

const told = (db: Mmdb, address: string, ...path: string[]): string | undefined => {
  const record = db.find(address);
  return record === undefined ? undefined : db.text(record, path);
};

for (const recordBits of [24, 28, 32] as const)
  test(`Mmdb: finds the narrowest network, records of ${recordBits} bits`, () => {
    const db = new Mmdb(mmdb(ENTRIES, { recordBits, type: 'Test-City' }));
    assert.equal(db.type, 'Test-City');
    assert.equal(db.builtS, 1_700_000_000);
    assert.equal(told(db, '192.0.2.1', 'country', 'iso_code'), 'DE');
    assert.equal(told(db, '192.0.2.200', 'country', 'iso_code'), 'FR');
    assert.equal(told(db, '::ffff:192.0.2.200', 'country', 'names', 'en'), 'France');
    assert.equal(told(db, '198.51.100.7', 'autonomous_system_number'), '64496');
    assert.equal(told(db, '198.51.100.7', 'list', '2', 'c'), 'd');
    assert.equal(db.find('198.51.100.8'), undefined);
    assert.equal(db.find('203.0.113.1'), undefined);
    assert.equal(db.find('2001:db9::1'), undefined);
    assert.equal(db.find('no address'), undefined);
  });

test('Mmdb: each kind of value as a text; maps, lists and what is not there have none', () => {
  const db = new Mmdb(mmdb(ENTRIES));
  const six = (...path: string[]) => told(db, '2001:db8::1', ...path);
  assert.equal(six('location', 'latitude'), '52.50000');
  assert.equal(six('location', 'longitude'), '-13.25000');
  assert.equal(six('location', 'accuracy'), '100');
  assert.equal(six('below'), '-7');
  assert.equal(six('part'), '0.50000');
  assert.equal(six('wide'), String(2n ** 100n));
  assert.equal(six('long'), 'x'.repeat(300));
  assert.equal(six('bytes'), '\x01\x02');
  assert.equal(told(db, '192.0.2.1', 'country', 'is_in_european_union'), '1');
  assert.equal(six('location'), undefined);
  assert.equal(six('location', 'city'), undefined);
  assert.equal(six('below', 'what'), undefined);
  assert.equal(told(db, '198.51.100.7', 'list', '3'), undefined);
});

test('Mmdb: a database of IPv4 alone knows no IPv6', () => {
  const db = new Mmdb(mmdb({ '10.0.0.0/8': { a: 'b' } }, { ipVersion: 4 }));
  assert.equal(told(db, '10.1.2.3', 'a'), 'b');
  assert.equal(db.find('2001:db8::1'), undefined);
});

test('Mmdb: no database, and half of one, are refused', () => {
  const whole = mmdb(ENTRIES);
  assert.throws(() => new Mmdb(Buffer.from('nothing of that kind')), MmdbFault);
  assert.throws(() => new Mmdb(Buffer.alloc(0)), MmdbFault);
  assert.throws(() => new Mmdb(whole.subarray(whole.length - 300)), MmdbFault);
});

test('Mmdb: damage anywhere gives an answer or a fault, never more', () => {
  const pick = numbers(7);
  const whole = mmdb(ENTRIES, { recordBits: 28 });
  let faults = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(whole);
    for (let change = 0; change < 1 + pick(4); change++) bytes[pick(bytes.length)] = pick(256);
    try {
      const db = new Mmdb(bytes);
      for (const address of ['192.0.2.1', '198.51.100.7', '2001:db8::1']) {
        told(db, address, 'country', 'names', 'en');
        told(db, address, 'location', 'accuracy');
      }
    } catch (fault) {
      assert.ok(fault instanceof MmdbFault, String(fault));
      faults++;
    }
  }
  assert.ok(faults > 100);
});

const judge = existsSync('/usr/bin/mmdblookup') ? false : 'mmdb-bin is not installed';

test('Mmdb: finds what libmaxminddb finds', { skip: judge }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mmdb-'));
  try {
    const pick = numbers(11);
    for (const recordBits of [24, 28, 32] as const) {
      const entries: Record<string, { name: string }> = {};
      for (let bits = 4; bits <= 32; bits += 2)
        for (let count = 0; count < 4; count++)
          entries[`${[0, 0, 0, 0].map(() => pick(256)).join('.')}/${bits}`] = { name: `n${bits}-${count}` };
      const file = join(folder, `${recordBits}.mmdb`);
      const bytes = mmdb(entries, { recordBits });
      writeFileSync(file, bytes);
      const db = new Mmdb(bytes);
      let found = 0;
      for (let count = 0; count < 60; count++) {
        const network = Object.keys(entries)[pick(Object.keys(entries).length)]!;
        const address = pick(2) ? network.split('/')[0]! : [0, 0, 0, 0].map(() => pick(256)).join('.');
        const { stdout } = spawnSync('mmdblookup', ['-f', file, '-i', address, 'name'], { encoding: 'utf8' });
        const theirs = /"([^"]*)"/.exec(stdout)?.[1];
        assert.equal(told(db, address, 'name'), theirs, address);
        if (theirs !== undefined) found++;
      }
      assert.ok(found > 20);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
