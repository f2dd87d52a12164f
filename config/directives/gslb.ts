/** GSLB: names that are answered by DNS with the addresses of sites that are well. */
import { Mmdb, MmdbFault } from '#kit/mmdb.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { readDomainName } from '../domain-name.ts';
import { newGslb, newZone } from '../draft-gslb.ts';
import { addressOf, readRealAddress } from '../l4-address.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import { ttlSeconds } from '../ttl.ts';
import { GSLB_RECORD } from './gslb-record.ts';

const DNS_PORT = 53;
const MOST_LISTENS = 64;
const MOST_NAME_SERVERS = 16;

const gslb = defineBlock({
  name: 'gslb',
  context: ['main'],
  args: {},
  block: 'gslb',
  doc: {
    summary:
      'Several sites behind one name: answers DNS for the zones within, as their authority, with the addresses of sites that pass their checks, by weight, load, order or the place of the client. A process of its own does it, without root. Delegate a zone of its own to it (NS records of g.example.org), and let www.example.org be a CNAME into that.',
    example:
      'gslb { listen 192.0.2.53; zone g.example.org { soa ns1.g.example.org hostmaster.example.org; ns ns1.g.example.org 192.0.2.53; record www.g.example.org { site paris 192.0.2.10; site tokyo 198.51.100.10; health_check http uri=/healthz; } } }',
    since: '0.1',
  },
  compile(_, scope, body, line) {
    const draft = newGslb(line.name);
    scope.around.main.gslb = draft;
    body.open(scope.child('gslb', { gslb: draft }));
  },
});

const listen = defineDirective({
  name: 'listen',
  context: ['gslb'],
  repeats: true,
  args: { address: arg.token('ADDRESS, ADDRESS:PORT or [IPV6]:PORT') },
  doc: {
    summary:
      'Where queries come in, by UDP and by TCP. It is an address of its own each: an answer must leave from where it was asked. It need not be there yet: one that VRRP brings will do.',
    args: { address: 'The port is 53 if absent.' },
    example: 'listen 192.0.2.53;',
    since: '0.1',
  },
  compile({ address: token }, scope) {
    if (/^(?:\*|0\.0\.0\.0|\[::\])?:?\d*$/.test(token.text))
      throw new ArgumentFault(
        `"${token.text}" is no address of its own`,
        'write one line for each address: answers to others would leave from the wrong one',
        token,
      );
    const { address, port } = readRealAddress(token);
    const { listens } = scope.gslb;
    const one = { address, port: port === 0 ? DNS_PORT : port };
    if (listens.some(other => other.address === one.address && other.port === one.port))
      throw new ArgumentFault(`"${token.text}" stands here twice`, 'take one out', token);
    if (listens.length === MOST_LISTENS)
      throw new ArgumentFault(`there are ${MOST_LISTENS} addresses already`);
    listens.push(one);
  },
});

const clientSubnet = defineDirective({
  name: 'client_subnet',
  context: ['gslb'],
  args: { flag: arg.flag() },
  doc: {
    summary:
      "Whether the network of the client counts that a resolver tells (EDNS client subnet, RFC 7871). Otherwise, and where it tells none, the resolver's own address does.",
    default: 'client_subnet on;',
    example: 'client_subnet off;',
    since: '0.1',
  },
  compile({ flag }, scope) {
    scope.gslb.own.clientSubnet = flag;
  },
});

const geoDatabase = defineDirective({
  name: 'geo_database',
  context: ['gslb'],
  args: { file: arg.token('a file in the format of MaxMind (.mmdb)') },
  doc: {
    summary:
      'Tells where clients are, for policy geo: country, continent and, where it has them, coordinates. It is read with the configuration: reload when a new one has come.',
    args: { file: 'As GeoLite2-City.mmdb, GeoLite2-Country.mmdb or DB-IP have it.' },
    example: 'geo_database /var/lib/GeoIP/GeoLite2-City.mmdb;',
    since: '0.1',
  },
  compile({ file }, scope) {
    const path = scope.confPath(file.text);
    const bytes = Buffer.from(scope.readFile(path), 'latin1');
    try {
      new Mmdb(bytes);
    } catch (fault) {
      if (!(fault instanceof MmdbFault)) throw fault;
      throw new ArgumentFault(`cannot read ${path}: ${fault.message}`, undefined, file);
    }
    scope.gslb.own.geoDatabase = { path, bytes };
  },
});

const rateLimit = defineDirective({
  name: 'rate_limit',
  context: ['gslb'],
  args: {
    rate: arg.text('a number and /s, or off'),
    burst: arg.integer({ min: 1, max: 1_000_000 }).param(),
    slip: arg.integer({ min: 0, max: 100 }).param(),
  },
  doc: {
    summary:
      'Answers by UDP to one network of clients (/24, or /56 of IPv6): who forges the source of a query must not make us flood its owner. By TCP, where nobody can forge it, all are answered.',
    args: {
      rate: 'Answers a second.',
      burst: 'So many at once; twice the rate if absent.',
      slip: 'Above the rate every so many-th query is answered by "come by TCP", so that an honest resolver is served; 2 if absent, 0: none.',
    },
    default: 'rate_limit 200/s;',
    example: 'rate_limit 50/s burst=100;',
    since: '0.1',
  },
  compile({ rate, burst, slip = 2 }, scope, line) {
    if (rate === 'off') {
      scope.gslb.own.rateLimit = undefined;
      return;
    }
    const [, digits] = /^([1-9]\d{0,5})(?:\/s|r\/s)$/.exec(rate) ?? [];
    if (digits === undefined)
      throw new ArgumentFault(`"${rate}" is no rate`, 'write 200/s, or off', line.args[0]);
    const perSecond = Number(digits);
    scope.gslb.own.rateLimit = { perSecond, burst: burst ?? 2 * perSecond, slip };
  },
});

const zone = defineBlock({
  name: 'zone',
  context: ['gslb'],
  repeats: true,
  args: { name: arg.token('a domain name') },
  block: 'zone',
  doc: {
    summary: 'A zone that is answered with authority: names within it that are not here do not exist.',
    args: { name: 'As it is delegated to us.' },
    example:
      'zone g.example.org { soa ns1.g.example.org hostmaster.example.org; ns ns1.g.example.org 192.0.2.53; record www.g.example.org { site paris 192.0.2.10; } }',
    since: '0.1',
  },
  compile({ name: token }, scope, body) {
    const name = readDomainName(token);
    const { zones } = scope.gslb;
    const twin = zones.find(one => one.name === name);
    if (twin)
      throw new ArgumentFault(
        `the zone "${name}" stands on line ${twin.site.line} already`,
        undefined,
        token,
      );
    const draft = newZone(name, token);
    zones.push(draft);
    body.open(scope.child('zone', { gslbZone: draft }));
  },
});

const duration = () => arg.durationMs().param();

const soa = defineDirective({
  name: 'soa',
  context: ['zone'],
  args: {
    primary: arg.token('a name server'),
    mailbox: arg.token('a mailbox as a name'),
    serial: arg.integer({ min: 0, max: 2 ** 32 - 1 }).param(),
    refresh: duration(),
    retry: duration(),
    expire: duration(),
    minimum: duration(),
  },
  doc: {
    summary: 'The SOA record of the zone (RFC 1035 §3.3.13).',
    args: {
      primary: 'The first of the name servers.',
      mailbox: 'Of who answers for the zone, with a dot for the @.',
      serial: 'Zones are not transferred: nobody compares it; 1 if absent.',
      refresh: '1h if absent.',
      retry: '10m if absent.',
      expire: '7d if absent.',
      minimum: 'How long resolvers remember that a name or address is not there (RFC 2308); 30s if absent.',
    },
    example: 'soa ns1.g.example.org hostmaster.example.org minimum=60s;',
    since: '0.1',
  },
  compile({ primary, mailbox, serial = 1, refresh, retry, expire, minimum }, scope) {
    const seconds = (ms: number | undefined, standard: number) =>
      ms === undefined ? standard : Math.trunc(ms / 1000);
    scope.gslbZone.soa = {
      primary: readDomainName(primary),
      mailbox: readDomainName(mailbox),
      serial,
      refreshS: seconds(refresh, 3600),
      retryS: seconds(retry, 600),
      expireS: seconds(expire, 604_800),
      minimumS: seconds(minimum, 30),
    };
  },
});

const ns = defineDirective({
  name: 'ns',
  context: ['zone'],
  repeats: true,
  args: { name: arg.token('a domain name'), addresses: arg.token('addresses').rest(0) },
  doc: {
    summary: 'A name server of the zone: this one, and others with the same configuration.',
    args: {
      name: 'As in the NS record.',
      addresses: 'Of one within the zone: A and AAAA records.',
    },
    example: 'ns ns1.g.example.org 192.0.2.53 2001:db8::53;',
    since: '0.1',
  },
  compile({ name: token, addresses }, scope) {
    const name = readDomainName(token);
    const { nameServers } = scope.gslbZone;
    if (nameServers.some(one => one.name === name))
      throw new ArgumentFault(`"${name}" is there already`, 'write all its addresses on one line', token);
    if (nameServers.length === MOST_NAME_SERVERS)
      throw new ArgumentFault(`there are ${MOST_NAME_SERVERS} already`);
    nameServers.push({ name, addresses: addresses.map(one => addressOf(one.text, one).text), place: token });
  },
});

const zoneTtl = defineDirective({
  name: 'ttl',
  context: ['zone'],
  args: { time: arg.durationMs() },
  doc: {
    summary: 'How long resolvers may remember the SOA and NS records and the addresses of name servers.',
    default: 'ttl 1h;',
    example: 'ttl 1d;',
    since: '0.1',
  },
  compile({ time }, scope) {
    scope.gslbZone.ttlS = ttlSeconds(time);
  },
});

export const GSLB: readonly Directive[] = [
  gslb,
  listen,
  clientSubnet,
  geoDatabase,
  rateLimit,
  zone,
  soa,
  ns,
  zoneTtl,
  ...GSLB_RECORD,
];
