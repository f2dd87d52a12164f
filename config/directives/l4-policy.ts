/** What a virtual server does with its flows: persistence, the dead and the drained, limits, quorum. */
import {
  DEAD_POLICIES,
  NO_LIMIT,
  NOTIFY_EVENTS,
  type PersistenceModel,
  type VirtualServerModel,
} from '#model/l4/virtual-server.ts';
import { type Argument, ArgumentFault, arg } from '../argument.ts';
import { type Directive, defineDirective } from '../registry.ts';

const persistence = defineDirective({
  name: 'persistence',
  context: ['virtual_server'],
  args: { timeout: arg.durationMs(), netmask: arg.text('bits, or a dotted mask').param() },
  doc: {
    summary:
      'A client gets the real server of its last connection, as long as one of its connections is there, or ended less than this time ago.',
    args: {
      timeout: 'For how long; LVS takes 5m where none is given.',
      netmask: 'Clients of one network count as one; 32 bits if absent, 128 with IPv6.',
    },
    example: 'persistence 10m netmask=24;',
    since: '0.1',
  },
  compile({ timeout, netmask }, scope, line) {
    if (timeout < 1000) throw new ArgumentFault(`${timeout} ms are too short`, 'take 1s or more');
    const { own, addresses, places } = scope.virtualServer;
    places.set('persistence', line.name);
    const family = addresses[0]?.family ?? 4;
    const bits = netmask === undefined ? undefined : bitsOf(netmask, family);
    const persists: PersistenceModel = { timeoutMs: timeout, bits4: 32, bits6: 128 };
    own.persistence = bits === undefined ? persists : { ...persists, [`bits${family}`]: bits };
  },
});

function bitsOf(text: string, family: 4 | 6): number {
  const most = family === 4 ? 32 : 128;
  const bits = /^\d+$/.test(text) ? Number(text) : family === 4 ? dottedBits(text) : undefined;
  if (bits !== undefined && bits >= 1 && bits <= most) return bits;
  throw new ArgumentFault(
    `"${text}" is no netmask of IPv${family}`,
    family === 4 ? 'write 24 or 255.255.255.0' : 'write 1 to 128 bits',
  );
}

/** The bits of `255.255.255.0`; undefined when the text is no such mask. */
function dottedBits(text: string): number | undefined {
  const octets = text.split('.').map(Number);
  if (octets.length !== 4 || !octets.every(octet => Number.isInteger(octet) && octet >= 0 && octet < 256))
    return undefined;
  const word = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const bits = Math.clz32(~word);
  return word === (bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0) ? bits : undefined;
}

type Own = Pick<VirtualServerModel, 'onDead' | 'onePacket' | 'inhibit'>;

/** A directive whose one argument is a field of the virtual server. */
function field<K extends keyof Own>(
  name: string,
  key: K,
  value: Argument<Own[K]>,
  doc: {
    readonly summary: string;
    readonly value?: string;
    readonly default: string;
    readonly example: string;
  },
): Directive {
  return defineDirective({
    name,
    context: ['virtual_server'],
    args: { value },
    doc: {
      summary: doc.summary,
      ...(doc.value !== undefined && { args: { value: doc.value } }),
      default: `${name} ${doc.default};`,
      example: `${name} ${doc.example};`,
      since: '0.1',
    },
    compile(args, scope, line) {
      const own: Partial<Record<K, Own[K]>> = scope.virtualServer.own;
      own[key] = args.value;
      scope.virtualServer.places.set(name, line.name);
    },
  });
}

const onDead = field('on_dead', 'onDead', arg.oneOf(DEAD_POLICIES), {
  summary:
    'What becomes of connections whose real server is dead, gone from the configuration, or drained beyond its deadline. Each is counted.',
  value:
    'rst: the client gets a reset, and knows at once; reselect: the next packet goes to another real server; keep: packets go where they went.',
  default: 'rst; with udp reselect',
  example: 'reselect',
});

const onePacket = field('one_packet', 'onePacket', arg.flag(), {
  summary:
    'Every datagram is scheduled by itself, as if it were the first: for DNS and its like. Of udp only, and not in mode fullnat.',
  default: 'off',
  example: 'on',
});

const inhibit = field('inhibit', 'inhibit', arg.flag(), {
  summary:
    'A real server that fails its checks keeps the connections that it has and gets no new ones; otherwise they are treated by on_dead.',
  default: 'off',
  example: 'on',
});

const COOKIE_THRESHOLD = 1000;

const synCookies = defineDirective({
  name: 'syn_cookies',
  context: ['virtual_server'],
  args: {
    when: arg.oneOf(['off', 'auto', 'always']),
    threshold: arg.integer({ min: 1, max: 2 ** 32 - 1 }).param(),
  },
  doc: {
    summary:
      'The director answers SYNs itself, by cookies, and connects to the real server when the client has proved that it is there: a flood from forged addresses leaves nothing behind. Of modes nat and fullnat only: it must see both directions.',
    args: {
      when: 'auto: while more SYNs come than the threshold, and 5 seconds after; always: each of them.',
      threshold: `Of auto: SYNs a second of the virtual server; ${COOKIE_THRESHOLD} if absent. limit service syn= is one too: with cookies it counts connections that are proven.`,
    },
    default: 'syn_cookies off;',
    example: 'syn_cookies auto threshold=5000;',
    since: '0.1',
  },
  compile({ when, threshold }, scope, line) {
    if (threshold !== undefined && when !== 'auto') throw new ArgumentFault('threshold= goes with auto only');
    const { own, places } = scope.virtualServer;
    places.set('syn_cookies', line.name);
    own.synCookies =
      when === 'off' ? undefined : { threshold: when === 'always' ? 0 : (threshold ?? COOKIE_THRESHOLD) };
  },
});

const drain = defineDirective({
  name: 'drain',
  context: ['virtual_server'],
  args: { deadline: arg.durationMs(), keep_persistent: arg.word() },
  doc: {
    summary: 'How real servers are drained: those that say so, and those that a command drains.',
    args: {
      deadline: 'Connections that are left after it are treated by on_dead; 0: they may take their time.',
      keep_persistent:
        'New connections of persistent clients still go to the real server that drains, as in LVS; otherwise they do not, and it drains.',
    },
    default: 'drain 0;',
    example: 'drain 10m;',
    since: '0.1',
  },
  compile({ deadline, keep_persistent: keepsPersistent = false }, scope) {
    scope.virtualServer.own.drain = { deadlineMs: deadline, keepsPersistent };
  },
});

const limit = defineDirective({
  name: 'limit',
  context: ['virtual_server'],
  repeats: true,
  args: {
    per: arg.oneOf(['source', 'service']),
    syn: arg.integer({ min: 1 }).param(),
    packets: arg.integer({ min: 1 }).param(),
    connections: arg.integer({ min: 1 }).param(),
  },
  doc: {
    summary: 'What is above the limit is dropped in the kernel, and counted by its reason.',
    args: {
      per: 'source: of each client address; service: of all together.',
      syn: 'New connections a second.',
      packets: 'Packets a second.',
      connections: 'Connections open at once.',
    },
    example: 'limit source syn=100 connections=200;',
    since: '0.1',
  },
  compile({ per, syn, packets, connections: open }, scope) {
    if (syn === undefined && packets === undefined && open === undefined)
      throw new ArgumentFault('it limits nothing', 'write syn=, packets= or connections=');
    const key = per === 'source' ? 'sourceLimit' : 'limit';
    const { own } = scope.virtualServer;
    if (own[key]) throw new ArgumentFault(`"${per}" is limited already`, 'put both on one line');
    own[key] = {
      synsPerSecond: syn ?? NO_LIMIT.synsPerSecond,
      packetsPerSecond: packets ?? NO_LIMIT.packetsPerSecond,
      connections: open ?? NO_LIMIT.connections,
    };
  },
});

const quorum = defineDirective({
  name: 'quorum',
  context: ['virtual_server'],
  args: { weight: arg.integer({ min: 1 }), hysteresis: arg.integer().param() },
  doc: {
    summary:
      'How much weight must live. When less does, all new connections go to the sorry server, and notify tells of it.',
    args: {
      weight: 'The sum of the weights of those that pass their checks.',
      hysteresis:
        'The quorum is gained at the weight and this more, and lost below the weight less this; 0 if absent.',
    },
    default: 'quorum 1;',
    example: 'quorum 3 hysteresis=1;',
    since: '0.1',
  },
  compile({ weight, hysteresis = 0 }, scope, line) {
    if (hysteresis >= weight)
      throw new ArgumentFault(
        `hysteresis=${hysteresis} is not below the quorum of ${weight}`,
        'the quorum could never be lost',
      );
    scope.virtualServer.own.quorum = { weight, hysteresis };
    scope.virtualServer.places.set('quorum', line.args[0]!);
  },
});

const notify = defineDirective({
  name: 'notify',
  context: ['virtual_server'],
  repeats: true,
  args: { event: arg.oneOf(NOTIFY_EVENTS), command: arg.text('a program and its arguments').rest(1) },
  doc: {
    summary:
      'Runs a program when a real server or the quorum comes or goes, as script_user, without a shell. Its environment says what happened: MOAT_EVENT, MOAT_VIRTUAL_SERVER, MOAT_REAL_SERVER, MOAT_REASON.',
    example: 'notify quorum_down /usr/local/bin/page-operator web;',
    since: '0.1',
  },
  compile({ event, command }, scope) {
    if (!command[0]!.startsWith('/'))
      throw new ArgumentFault(`"${command[0]}" is not an absolute path`, 'PATH is not searched');
    scope.virtualServer.notify.push({ event, command });
  },
});

export const L4_POLICY: readonly Directive[] = [
  persistence,
  onDead,
  onePacket,
  inhibit,
  synCookies,
  drain,
  limit,
  quorum,
  notify,
];
