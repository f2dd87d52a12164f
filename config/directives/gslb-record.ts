/** A name of GSLB: its sites, and how one is chosen for a client. */
import { CONTINENTS, type GeoPoint, GSLB_POLICIES } from '#model/gslb.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { isWithinZone, readDomainName } from '../domain-name.ts';
import { newRecord } from '../draft-gslb.ts';
import { addressOf } from '../l4-address.ts';
import type { Token } from '../lex.ts';
import { readNetwork } from '../network.ts';
import { defineBlock, defineDirective } from '../registry.ts';
import { ttlSeconds } from '../ttl.ts';
import { CHECK_ARGS, CHECK_TEXTS, checkOf } from './l4-health.ts';

const MOST_ANSWERS = 16;
const MOST_SITES = 256;
const MOST_ADDRESSES = 32;

const record = defineBlock({
  name: 'record',
  context: ['zone'],
  repeats: true,
  args: { name: arg.token('a domain name') },
  block: 'record',
  doc: {
    summary:
      'A name with several sites behind it: its A and AAAA records are the addresses of those that are to be asked now.',
    args: {
      name: 'The whole name, within the zone; `*.NAME` for all below it that are not there and stand below none that is (RFC 4592).',
    },
    example:
      'record www.g.example.org { policy geo; site paris 192.0.2.10 continent=EU; site tokyo 198.51.100.10; health_check http uri=/healthz; }',
    since: '0.1',
  },
  compile({ name: token }, scope, body) {
    const name = readDomainName(token, true);
    const { name: zone, records } = scope.gslbZone;
    if (!isWithinZone(name, zone))
      throw new ArgumentFault(
        `"${token.text}" is not within the zone ${zone}`,
        `write the whole name, as in ${token.text}.${zone}`,
        token,
      );
    const twin = records.find(one => one.name === name);
    if (twin)
      throw new ArgumentFault(
        `the record "${name}" stands on line ${twin.site.line} already`,
        undefined,
        token,
      );
    const draft = newRecord(name, token);
    records.push(draft);
    body.open(scope.child('record', { gslbRecord: draft }));
  },
});

const ttl = defineDirective({
  name: 'ttl',
  context: ['record'],
  args: { time: arg.durationMs() },
  doc: {
    summary:
      'How long resolvers may remember an answer: so long clients still go to a site that has failed, and longer where resolvers cheat.',
    default: 'ttl 30s;',
    example: 'ttl 10s;',
    since: '0.1',
  },
  compile({ time }, scope) {
    scope.gslbRecord.ttlS = ttlSeconds(time);
  },
});

const policy = defineDirective({
  name: 'policy',
  context: ['record'],
  args: { policy: arg.oneOf(GSLB_POLICIES) },
  doc: {
    summary: 'Which of the sites that live a client is sent to.',
    args: {
      policy:
        'failover: the first, as they are written; weighted: drawn by weight, which checks with dynamic_weight set by load; geo: one that is for the network, the country or the continent of the client, in this order, the nearest of those whose location is known, and among equals by weight; where none is, of all.',
    },
    default: 'policy weighted;',
    example: 'policy geo;',
    since: '0.1',
  },
  compile({ policy: word }, scope, line) {
    scope.gslbRecord.policy = word;
    scope.gslbRecord.places.set('policy', line.args[0]!);
  },
});

const answers = defineDirective({
  name: 'answers',
  context: ['record'],
  args: { number: arg.integer({ min: 1, max: MOST_ANSWERS }) },
  doc: {
    summary:
      'So many addresses an answer has at most, the first choice first: clients that cannot reach one try the next.',
    default: 'answers 1;',
    example: 'answers 2;',
    since: '0.1',
  },
  compile({ number }, scope) {
    scope.gslbRecord.answers = number;
  },
});

const site = defineDirective({
  name: 'site',
  context: ['record'],
  repeats: true,
  args: {
    name: arg.token('a name'),
    addresses: arg.token('addresses').rest(1),
    weight: arg.integer({ min: 0, max: 65535 }).param(),
    backup: arg.word(),
    country: arg.text('codes, parted by commas').param(),
    continent: arg.text('codes, parted by commas').param(),
    network: arg.text('networks, parted by commas').param(),
    location: arg.text('LATITUDE,LONGITUDE').param(),
  },
  doc: {
    summary: 'A place that serves the name, by its addresses of IPv4 and IPv6; each of them is checked.',
    args: {
      name: 'For logs, figures, and only= of checks.',
      addresses: 'What clients are told.',
      weight: 'Its share among others; 1 if absent, 0: no client is sent there.',
      backup: 'Only while no other site lives.',
      country: 'Of policy geo: clients of these countries come here (ISO 3166-1: DE,FR).',
      continent: `Likewise: ${CONTINENTS.join(', ')}.`,
      network: 'Likewise: of these networks, whatever the database says (10.0.0.0/8).',
      location: 'Degrees, north and east are positive: of sites that are equally meant the nearest is taken.',
    },
    example: 'site paris 192.0.2.10 2001:db8::10 weight=3 continent=EU,AF location=48.85,2.35;',
    since: '0.1',
  },
  compile(args, scope, line) {
    const { name, addresses, weight = 1, backup = false } = args;
    const { sites } = scope.gslbRecord;
    if (sites.some(one => one.name === name.text))
      throw new ArgumentFault(
        `the site "${name.text}" is there already`,
        'write all its addresses on one line',
        name,
      );
    if (sites.length === MOST_SITES) throw new ArgumentFault(`there are ${MOST_SITES} sites already`);
    const list = addresses.map(one => addressOf(one.text, one).text);
    if (list.length > MOST_ADDRESSES)
      throw new ArgumentFault(`${list.length} addresses are too many`, `take ${MOST_ADDRESSES}`);
    for (const [at, address] of list.entries())
      if (list.indexOf(address) !== at || sites.some(one => one.addresses.includes(address)))
        throw new ArgumentFault(`"${address}" is there already`, 'keep one of the two', addresses[at]);
    sites.push({
      ...{ name: name.text, addresses: list, weight, backup, place: line.name },
      countries: wordsOf(args.country).map(readCountry),
      continents: wordsOf(args.continent).map(readContinent),
      networks: wordsOf(args.network).map(text => readNetwork({ ...line.name, text }, scope)),
      location: args.location === undefined ? undefined : readLocation(args.location),
    });
  },
});

const wordsOf = (text: string | undefined): string[] => (text === undefined ? [] : text.split(','));

function readCountry(text: string): string {
  if (!/^[a-z]{2}$/i.test(text))
    throw new ArgumentFault(
      `country= "${text}" is not the code of a country`,
      'two letters, as DE; continents are named by continent=',
    );
  return text.toUpperCase();
}

function readContinent(text: string): (typeof CONTINENTS)[number] {
  const found = CONTINENTS.find(one => one === text.toUpperCase());
  if (!found) throw new ArgumentFault(`continent= "${text}" is not one of ${CONTINENTS.join(', ')}`);
  return found;
}

function readLocation(text: string): GeoPoint {
  const [, north, east] = /^(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)$/.exec(text) ?? [];
  const [latitude, longitude] = [Number(north), Number(east)];
  if (north === undefined || Math.abs(latitude) > 90 || Math.abs(longitude) > 180)
    throw new ArgumentFault(`location= "${text}" is no place`, 'write degrees: location=48.85,2.35');
  return { latitude, longitude };
}

const fallback = defineDirective({
  name: 'fallback',
  context: ['record'],
  args: { words: arg.token('all, none, or addresses').rest(1) },
  doc: {
    summary: 'What is answered when no site lives, backups included.',
    args: {
      words:
        'all: as if all lived, for when all fail it may be the checks that do; none: no address; or addresses of last resort, where a page says that it will be back.',
    },
    default: 'fallback all;',
    example: 'fallback 203.0.113.80 2001:db8:80::80;',
    since: '0.1',
  },
  compile({ words }, scope) {
    scope.gslbRecord.fallback = readFallback(words);
  },
});

function readFallback(words: readonly Token[]) {
  const [first] = words;
  if (words.length === 1 && (first!.text === 'all' || first!.text === 'none'))
    return { kind: first!.text } as const;
  return { kind: 'addresses', addresses: words.map(one => addressOf(one.text, one).text) } as const;
}

const healthCheck = defineDirective({
  name: 'health_check',
  context: ['record'],
  repeats: true,
  args: CHECK_ARGS,
  doc: {
    summary:
      'Asks each address of each site whether it works, as health_check of a virtual_server does; of several checks every one must pass. Programs run as the user of the GSLB process.',
    args: {
      ...CHECK_TEXTS,
      port: 'Where to ask; that of the protocol if absent.',
      only: 'For these sites alone, parted by commas.',
    },
    example: 'health_check https uri=/healthz host=www.example.org interval=5s;',
    since: '0.1',
  },
  compile(args, scope, line) {
    scope.gslbRecord.checks.push(checkOf(args, scope, line));
  },
});

export const GSLB_RECORD = [record, ttl, policy, answers, site, fallback, healthCheck];
