/** Which addresses a client is told: by order, by lot, by place, and what comes when none of them lives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distance } from '../../gslb/place.ts';
import { mmdb } from '../kit/mmdb-writer.ts';
import { Desk, drawing, zoned } from './desk.ts';
import { option, TYPES } from './message.ts';

const WWW = 'www.g.example.org';
/** Of 192.0.2.N. */
const numbersOf = (desk: Desk, source?: string, edns?: { options: Buffer[] }) =>
  desk.addresses(WWW, TYPES.A, source, edns).map(hex => Number.parseInt(hex.slice(6), 16));

test('failover: the first that lives, then backups, then what the fallback says', () => {
  const desk = new Desk(
    zoned(
      `record ${WWW} { policy failover; site a 192.0.2.1; site b 192.0.2.2; site c 192.0.2.3 backup; fallback 192.0.2.9 2001:db8::9; }`,
    ),
  );
  assert.deepEqual(numbersOf(desk), [1]);
  desk.dead('a/192.0.2.1');
  assert.deepEqual(numbersOf(desk), [2]);
  desk.dead('b/192.0.2.2');
  assert.deepEqual(numbersOf(desk), [3]);
  desk.dead('c/192.0.2.3');
  assert.deepEqual(numbersOf(desk), [9]);
  assert.deepEqual(
    desk.addresses(WWW, TYPES.AAAA),
    [],
    'no site has one: the fallback is for those that had',
  );
});

test('fallback all: as if all lived; none: no address, and the SOA', () => {
  const sites = 'site a 192.0.2.1; site b 192.0.2.2 weight=0;';
  const all = new Desk(zoned(`record ${WWW} { answers 5; ${sites} }`));
  all.dead('a/192.0.2.1', 'b/192.0.2.2');
  assert.deepEqual(numbersOf(all), [1], 'weight 0 is the operator’s word, and no check');
  const none = new Desk(zoned(`record ${WWW} { ${sites} fallback none; }`));
  none.dead('a/192.0.2.1');
  const { rcode, answers, authorities } = none.ask({ name: WWW, type: TYPES.A });
  assert.deepEqual([rcode, answers, authorities.length], [0, [], 1]);
});

test('a site with a dead address of one family lives by the other', () => {
  const desk = new Desk(
    zoned(`record ${WWW} { policy failover; site a 192.0.2.1 2001:db8::1; site b 192.0.2.2 2001:db8::2; }`),
  );
  desk.dead('a/2001:db8::1');
  assert.deepEqual(numbersOf(desk), [1]);
  assert.deepEqual(desk.addresses(WWW, TYPES.AAAA), ['20010db8000000000000000000000002']);
});

test('weighted: shares as the weights are, those of checks before those of the file', () => {
  const desk = new Desk(
    zoned(
      `record ${WWW} { site a 192.0.2.1 weight=3; site b 192.0.2.2; site c 192.0.2.3 weight=0; }`,
      'rate_limit off;',
    ),
  );
  desk.random = drawing(7);
  const shares = (rounds: number) => {
    const first = Array.from({ length: rounds }, () => numbersOf(desk)[0]);
    return [1, 2, 3].map(site => first.filter(one => one === site).length / rounds);
  };
  const [a, b, c] = shares(4000);
  assert.ok(Math.abs(a! - 0.75) < 0.05 && Math.abs(b! - 0.25) < 0.05 && c === 0, `${a} ${b} ${c}`);
  desk.conditions.set('a/192.0.2.1', { alive: true, weight: 0 });
  desk.conditions.set('c/192.0.2.3', { alive: true, weight: 1 });
  const loaded = shares(4000);
  assert.ok(loaded[0] === 0 && Math.abs(loaded[1]! - 0.5) < 0.05, `${loaded}`);
});

const PLACES = mmdb({
  '203.0.113.0/24': {
    country: { iso_code: 'DE' },
    continent: { code: 'EU' },
    location: { latitude: 52.5, longitude: 13.4 },
  },
  '198.51.100.0/24': {
    country: { iso_code: 'JP' },
    continent: { code: 'AS' },
    location: { latitude: 35.7, longitude: 139.7 },
  },
  '100.64.0.0/16': { country: { iso_code: 'BR' }, continent: { code: 'SA' } },
});
const geo = (sites: string) =>
  new Desk(zoned(`record ${WWW} { policy geo; answers 5; ${sites} }`, 'geo_database places.mmdb;'), {
    '/conf/places.mmdb': PLACES.latin1Slice(),
  });

test('geo: network before country before continent, and all of them for who is from elsewhere', () => {
  const desk = geo(
    `site office 192.0.2.1 network=203.0.113.64/26; site berlin 192.0.2.2 country=DE; site paris 192.0.2.3 continent=EU,AF; site tokyo 192.0.2.4 continent=AS;`,
  );
  assert.deepEqual(numbersOf(desk, '203.0.113.70'), [1]);
  assert.deepEqual(numbersOf(desk, '203.0.113.7'), [2]);
  desk.dead('berlin/192.0.2.2');
  assert.deepEqual(numbersOf(desk, '203.0.113.7'), [3]);
  assert.deepEqual(numbersOf(desk, '198.51.100.7'), [4]);
  desk.dead('tokyo/192.0.2.4');
  assert.deepEqual(numbersOf(desk, '198.51.100.7').sort(), [1, 3], 'nobody is for Asia now');
  assert.deepEqual(numbersOf(desk, '100.64.1.1').sort(), [1, 3]);
  assert.deepEqual(numbersOf(desk, '192.0.2.77').sort(), [1, 3], 'the database does not know it');
});

test('geo: of sites that are equally meant the nearest is told', () => {
  const desk = geo(
    `site paris 192.0.2.1 location=48.85,2.35; site sydney 192.0.2.2 location=-33.9,151.2; site dallas 192.0.2.3 location=32.8,-96.8;`,
  );
  assert.deepEqual(numbersOf(desk, '203.0.113.7'), [1]);
  assert.deepEqual(numbersOf(desk, '198.51.100.7'), [2]);
  assert.equal(numbersOf(desk, '100.64.1.1').length, 3, 'how far they are is not known');
});

test('geo: the network that a resolver tells counts, and the answer says for whom it is', () => {
  const sites = 'site berlin 192.0.2.2 country=DE; site tokyo 192.0.2.4 continent=AS;';
  const japan = option(8, 0, 1, 32, 0, 198, 51, 100, 7);
  const desk = geo(sites);
  assert.deepEqual(numbersOf(desk, '203.0.113.7', { options: [japan] }), [4]);
  const { edns } = desk.ask({ name: WWW, type: TYPES.A, edns: { options: [japan] } });
  assert.equal(edns?.options, '0008000800012018c6336407', 'for a /24 of the /32');
  const office = geo(`${sites} site office 192.0.2.1 network=198.51.100.64/26;`);
  assert.match(
    office.ask({ name: WWW, type: TYPES.A, edns: { options: [japan] } }).edns!.options,
    /^000800080001201ac6336407$/,
    'an office is told apart',
  );
  const nobody = option(8, 0, 1, 0, 0);
  assert.deepEqual(
    numbersOf(desk, '203.0.113.7', { options: [nobody] }),
    [2],
    'it tells nothing: the resolver itself counts',
  );
  const off = new Desk(
    zoned(`record ${WWW} { policy geo; ${sites} }`, 'geo_database places.mmdb; client_subnet off;'),
    { '/conf/places.mmdb': PLACES.latin1Slice() },
  );
  assert.deepEqual(numbersOf(off, '203.0.113.7', { options: [japan] }), [2]);
});

test('distance: as shares of half the way round the earth', () => {
  const at = (latitude: number, longitude: number) => ({ latitude, longitude });
  assert.equal(distance(at(0, 0), at(0, 0)), 0);
  assert.ok(Math.abs(distance(at(90, 0), at(-90, 0)) - 1) < 1e-9);
  assert.ok(Math.abs(distance(at(0, 0), at(0, 90)) - 0.5) < 1e-9);
  assert.ok(Math.abs(distance(at(0, 179), at(0, -179)) - 2 / 180) < 1e-9);
});

test('a damaged database tells nothing, and that once', () => {
  const whole = PLACES.latin1Slice();
  const cut = Buffer.from(whole, 'latin1');
  const marker = cut.lastIndexOf(Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'));
  cut.fill(0xff, marker - 40, marker);
  const desk = new Desk(
    zoned(`record ${WWW} { policy geo; site a 192.0.2.1 country=DE; }`, 'geo_database places.mmdb;'),
    { '/conf/places.mmdb': cut.latin1Slice() },
  );
  for (const source of ['203.0.113.7', '198.51.100.7', '100.64.1.1'])
    assert.deepEqual(numbersOf(desk, source), [1]);
  assert.ok(desk.faults.length <= 1);
});
