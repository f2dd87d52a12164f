/** Virtual routers: vrrp_instance, and how it speaks and decides. */
import { CHECKSUM_FORMS } from '#model/cluster/vrrp.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { readPrefix } from '../cluster-address.ts';
import { newInstance } from '../draft-cluster.ts';
import { addressOf, ipAddress } from '../l4-address.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import { refuseTaken } from './taken-name.ts';

const vrrpInstance = defineBlock({
  name: 'vrrp_instance',
  context: ['cluster'],
  repeats: true,
  args: { name: arg.token('a name') },
  block: 'vrrp_instance',
  doc: {
    summary:
      'A virtual router: addresses that one of several nodes has at a time. All nodes of it have the same vrid, version, advert_interval and addresses, and different priorities.',
    args: { name: 'For commands and messages.' },
    example: 'vrrp_instance VI_1 { interface eth0; vrid 51; priority 150; virtual_address 192.0.2.10/24; }',
    since: '0.1',
  },
  compile({ name }, scope, body) {
    const draft = newInstance(name.text, name);
    refuseTaken(name, 'vrrp_instance', scope.cluster.instances);
    scope.cluster.instances.push(draft);
    body.open(scope.child('vrrp_instance', { instance: draft }));
  },
});

const interfaceName = defineDirective({
  name: 'interface',
  context: ['vrrp_instance'],
  args: { name: arg.text('the name of an interface') },
  doc: {
    summary:
      'Where advertisements go out and come in, and where the addresses are put. It need not be there yet: while it is not, or is down, this node takes no part.',
    args: { name: 'As in `ip link`.' },
    example: 'interface eth0;',
    since: '0.1',
  },
  compile({ name }, scope) {
    scope.instance.own.interface = name;
  },
});

const vrid = defineDirective({
  name: 'vrid',
  context: ['vrrp_instance'],
  args: { number: arg.integer({ min: 1, max: 255 }) },
  doc: {
    summary: 'The number of the virtual router in its network. keepalived calls it virtual_router_id.',
    example: 'vrid 51;',
    since: '0.1',
  },
  compile({ number }, scope, line) {
    scope.instance.own.vrid = number;
    scope.instance.places.set('vrid', line.args[0]!);
  },
});

const version = defineDirective({
  name: 'version',
  context: ['vrrp_instance'],
  args: { number: arg.oneOf(['2', '3']) },
  doc: {
    summary:
      'Of VRRP: 3 is RFC 9568, 2 is RFC 3768. A keepalived that is told nothing speaks 2 over IPv4: with another version both nodes would be active.',
    default: 'version 3;',
    example: 'version 2;',
    since: '0.1',
  },
  compile({ number }, scope, line) {
    scope.instance.own.version = number === '2' ? 2 : 3;
    scope.instance.places.set('version', line.args[0]!);
  },
});

const priority = defineDirective({
  name: 'priority',
  context: ['vrrp_instance'],
  args: { priority: arg.text('a number from 1 to 254, or owner') },
  doc: {
    summary:
      'Of the nodes that are there the one with the greatest is active; among equals, the greatest address.',
    args: {
      priority:
        'owner, or 255: the addresses are those of the interface itself. It is active as soon as it is there, and never gives way.',
    },
    default: 'priority 100;',
    example: 'priority 150;',
    since: '0.1',
  },
  compile({ priority: text }, scope, line) {
    const value = text === 'owner' ? 255 : /^\d{1,3}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > 255) throw new ArgumentFault(`"${text}" is neither 1 to 254 nor owner`);
    scope.instance.own.priority = value;
    scope.instance.places.set('priority', line.args[0]!);
  },
});

const advertInterval = defineDirective({
  name: 'advert_interval',
  context: ['vrrp_instance'],
  args: { time: arg.durationMs() },
  doc: {
    summary:
      'How often the active node says that it is there; after three of these, and a little more, another one takes over. keepalived calls it advert_int.',
    args: { time: 'Version 3: 10ms to 40.95s, in steps of 10ms; version 2: 1s to 255s, in whole seconds.' },
    default: 'advert_interval 1s;',
    example: 'advert_interval 100ms;',
    since: '0.1',
  },
  compile({ time }, scope, line) {
    scope.instance.own.advertMs = time;
    scope.instance.places.set('advert_interval', line.args[0]!);
  },
});

const virtualAddress = defineDirective({
  name: 'virtual_address',
  context: ['vrrp_instance'],
  repeats: true,
  args: {
    address: arg.token('ADDRESS/BITS'),
    dev: arg.text('an interface').param(),
    label: arg.text().param(),
    unadvertised: arg.word(),
  },
  doc: {
    summary: 'An address that goes from node to node. An instance has addresses of IPv4, or of IPv6.',
    args: {
      address: 'Without /BITS it has no network around it.',
      dev: 'Where it is put; on the interface of the instance if absent.',
      label: 'As `ip address` shows it; it begins with the name of the interface.',
      unadvertised:
        'Advertisements do not name it, as with virtual_ipaddress_excluded of keepalived; at least one is named.',
    },
    example: 'virtual_address 192.0.2.10/24 label=eth0:vip;',
    since: '0.1',
  },
  compile({ address, dev, label, unadvertised = false }, scope) {
    const read = readPrefix(address);
    const { addresses } = scope.instance;
    if (addresses.some(one => one.address === read.address && one.interface === dev))
      throw new ArgumentFault(`"${read.address}" is there already`, 'keep one of the two');
    if (label !== undefined && (label.length > 15 || read.family === 6))
      throw new ArgumentFault(
        read.family === 6
          ? 'addresses of IPv6 have no label'
          : `the label "${label}" is longer than 15 characters`,
      );
    const place = address;
    addresses.push({ ...read, interface: dev, label, advertised: !unadvertised, place });
  },
});

const sourceAddress = defineDirective({
  name: 'source_address',
  context: ['vrrp_instance'],
  args: { address: ipAddress() },
  doc: {
    summary:
      'The address that advertisements come from. keepalived calls it mcast_src_ip, or unicast_src_ip.',
    default: 'the first address of the interface; of IPv6 the link-local one',
    example: 'source_address 10.0.0.1;',
    since: '0.1',
  },
  compile({ address }, scope, line) {
    scope.instance.own.source = address;
    scope.instance.places.set('source_address', line.args[0]!);
  },
});

const unicastPeer = defineDirective({
  name: 'unicast_peer',
  context: ['vrrp_instance'],
  repeats: true,
  args: { address: arg.token('an IP address'), min_ttl: arg.integer({ min: 1, max: 255 }).param() },
  doc: {
    summary:
      'Another node, by its address: advertisements go to it, not to the multicast group, and are taken only from those that are named. For networks that carry no multicast.',
    args: {
      address: 'Of its source_address.',
      min_ttl: 'Packets of it that came through more routers than 255 less this are dropped.',
    },
    default: 'multicast',
    example: 'unicast_peer 10.0.0.2;',
    since: '0.1',
  },
  compile({ address, min_ttl: leastHops = 0 }, scope) {
    const { text, family } = addressOf(address.text, address);
    const { peers } = scope.instance;
    if (peers.some(one => one.address === text))
      throw new ArgumentFault(`"${text}" is there already`, 'keep one of the two');
    peers.push({ address: text, family, leastHops, place: address });
  },
});

const nopreempt = defineDirective({
  name: 'nopreempt',
  context: ['vrrp_instance'],
  args: {},
  doc: {
    summary: 'Whoever is active stays so, until it fails: a node of greater priority that comes back waits.',
    default: 'the node of greater priority takes over',
    example: 'nopreempt;',
    since: '0.1',
  },
  compile(_, scope, line) {
    scope.instance.own.preempt = false;
    scope.instance.places.set('nopreempt', line.name);
  },
});

const preemptDelay = defineDirective({
  name: 'preempt_delay',
  context: ['vrrp_instance'],
  args: { time: arg.durationMs() },
  doc: {
    summary:
      'So long a node that comes back leaves the addresses where they are, counted from the first advertisement of the lower node that it hears.',
    default: 'preempt_delay 0;',
    example: 'preempt_delay 5m;',
    since: '0.1',
  },
  compile({ time }, scope, line) {
    scope.instance.own.preemptDelayMs = time;
    scope.instance.places.set('preempt_delay', line.args[0]!);
  },
});

const accept = defineDirective({
  name: 'accept',
  context: ['vrrp_instance'],
  args: { flag: arg.flag() },
  doc: {
    summary:
      'Whether packets to the addresses are taken by this host while it has them. Off: nftables drops them, but for those of neighbour discovery; keepalived calls that no_accept.',
    default: 'accept on;',
    example: 'accept off;',
    since: '0.1',
  },
  compile({ flag }, scope) {
    scope.instance.own.accept = flag;
  },
});

const addressLease = defineDirective({
  name: 'address_lease',
  context: ['vrrp_instance'],
  args: { flag: arg.flag() },
  doc: {
    summary:
      'The addresses are given to the kernel for four advert_intervals and half a second, in whole seconds, and renewed all the time: when all processes of moat are killed at once or hang, it takes them away by itself, and two nodes have them no longer than that. Beside a witness it is one second, and addresses with a lease are fenced (see witness). Off: they stay until moat is started again, which is better where no other node would take over.',
    default: 'address_lease on;',
    example: 'address_lease off;',
    since: '0.1',
  },
  compile({ flag }, scope) {
    scope.instance.own.addressLease = flag;
  },
});

const strict = defineDirective({
  name: 'strict',
  context: ['vrrp_instance'],
  args: { flag: arg.flag() },
  doc: {
    summary:
      'Drops advertisements of IPv6 whose first address is not link-local, as RFC 9568 demands. Off, since many routers that run keepalived name global addresses only.',
    default: 'strict off;',
    example: 'strict on;',
    since: '0.1',
  },
  compile({ flag }, scope) {
    scope.instance.own.strict = flag;
  },
});

const checksum = defineDirective({
  name: 'checksum',
  context: ['vrrp_instance'],
  args: { form: arg.oneOf(CHECKSUM_FORMS) },
  doc: {
    summary:
      'Which checksum version 3 sends over IPv4; either is taken. With a pseudo-header keepalived and FRR send it (RFC 5798), plain RFC 9568 has it.',
    args: { form: 'auto: that of the last router that was heard, and until then with a pseudo-header.' },
    default: 'checksum auto;',
    example: 'checksum plain;',
    since: '0.1',
  },
  compile({ form }, scope) {
    scope.instance.own.checksum = form;
  },
});

const MOST_PASSWORD_BYTES = 8;

const password = defineDirective({
  name: 'password',
  context: ['vrrp_instance'],
  args: { password: arg.text('a text of up to 8 characters').secret() },
  doc: {
    summary:
      'Of version 2: auth_type PASS of keepalived. It goes over the wire in the clear, and guards against slips of the hand only.',
    example: 'password secret;',
    since: '0.1',
  },
  compile({ password: text }, scope, line) {
    if (text.length > MOST_PASSWORD_BYTES)
      throw new ArgumentFault(`a password of ${text.length} characters has no room`, 'take 8 or fewer');
    scope.instance.own.password = text;
    scope.instance.places.set('password', line.args[0]!);
  },
});

const election = defineDirective({
  name: 'election',
  context: ['vrrp_instance'],
  args: { flag: arg.flag() },
  doc: {
    summary:
      'Off: nobody else is asked. Each node has the addresses whenever nothing that it tracks fails and it is not in maintenance, and a routing daemon (BIRD, FRR) announces those that the interface has: so several directors are active at once (ECMP, anycast). No VRRP is spoken, and vrid, priority and what else decides an election have no place. The interface is lo, or a dummy one.',
    default: 'election on;',
    example: 'election off;',
    since: '0.1',
  },
  compile({ flag }, scope, line) {
    scope.instance.own.election = flag;
    scope.instance.places.set('election', line.args[0]!);
  },
});

const announce = defineDirective({
  name: 'announce',
  context: ['vrrp_instance'],
  args: {
    repeat: arg.integer({ min: 1, max: 100 }).param(),
    delay: arg.durationMs().param(),
    refresh: arg.durationMs().param(),
  },
  doc: {
    summary:
      'Gratuitous ARP and unsolicited neighbour advertisements, by which switches and hosts learn where the addresses are now. They are sent when the node becomes active, and when a rival appears.',
    args: {
      repeat: 'So many of each at once; 5 if absent (garp_master_repeat).',
      delay: 'So long after, as many again; 5s if absent, 0: not (garp_master_delay).',
      refresh: 'One of each so often; 0 if absent: not (garp_master_refresh).',
    },
    example: 'announce repeat=3 refresh=60s;',
    since: '0.1',
  },
  compile({ repeat = 5, delay: delayMs = 5000, refresh: refreshMs = 0 }, scope) {
    scope.instance.own.announce = { repeat, delayMs, refreshMs };
  },
});

export const VRRP: readonly Directive[] = [
  vrrpInstance,
  interfaceName,
  election,
  vrid,
  version,
  priority,
  advertInterval,
  virtualAddress,
  sourceAddress,
  unicastPeer,
  nopreempt,
  preemptDelay,
  accept,
  addressLease,
  strict,
  checksum,
  password,
  announce,
];
