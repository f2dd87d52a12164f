/** Virtual servers, their real servers, and how one is picked for a flow. */
import { SCHEDULERS } from '#model/l4/scheduler.ts';
import {
  FORWARD_MODES,
  L4_PROTOCOLS,
  type L4Protocol,
  type ServiceProtocol,
  TUNNELS,
} from '#model/l4/virtual-server.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { newVirtualServer, type RealServerDraft, type VirtualAddressDraft } from '../draft-l4.ts';
import { readRealAddress, readVirtualAddress } from '../l4-address.ts';
import type { Token } from '../lex.ts';
import { defineBlock, defineDirective } from '../registry.ts';

const virtualServer = defineBlock({
  name: 'virtual_server',
  context: ['l4'],
  repeats: true,
  args: { addresses: arg.token('ADDRESS:PORT, and tcp or udp after them').rest(2) },
  block: 'virtual_server',
  doc: {
    summary:
      'What clients connect to, and the real servers behind it. Several addresses are scheduled as one, as with a firewall mark of LVS: a client that persists finds the same real server on all of them, by TCP and by UDP.',
    args: {
      addresses:
        '192.0.2.1:80, [2001:db8::1]:80; FIRST-LAST in the place of an address or port is a range; port * takes what no other virtual server of the address has. Then tcp or udp, or both; more addresses with theirs may follow.',
    },
    example:
      'virtual_server 192.0.2.1:80 192.0.2.1:443 tcp 192.0.2.1:443 udp { persistence 5m; real_server 10.0.0.1; }',
    since: '0.1',
  },
  compile({ addresses }, scope, body, line) {
    const read = readAddresses(addresses);
    const stranger = read.find(({ family }) => family !== read[0]!.family);
    if (stranger)
      throw new ArgumentFault(
        'IPv4 and IPv6 stand in one virtual server',
        'write one for each: they have different real servers',
        stranger.place,
      );
    const name = addresses.map(({ text }) => text).join(' ');
    const draft = newVirtualServer({ name, protocol: protocolOf(read), addresses: read }, line.name);
    scope.l4.virtualServers.push(draft);
    if (!body.rows.some(row => row.name.text === 'real_server'))
      scope.faults.error(
        'empty-virtual-server',
        `no real servers are inside virtual_server "${name}"`,
        line.name,
        'add a real_server line',
      );
    body.open(scope.child('virtual_server', { virtualServer: draft }));
  },
});

/** Runs of addresses, each followed by what it is for. */
function readAddresses(tokens: readonly Token[]): VirtualAddressDraft[] {
  const read: VirtualAddressDraft[] = [];
  let run: Omit<VirtualAddressDraft, 'protocol'>[] = [];
  let named: L4Protocol[] = [];
  for (const token of tokens) {
    const protocol = L4_PROTOCOLS.find(name => name === token.text);
    if (!protocol) {
      if (/^(?!fwmark)[a-z]+$/.test(token.text) || token.text === '') throw noProtocol(token);
      if (named.length > 0) [run, named] = [[], []];
      run.push(readVirtualAddress(token));
      continue;
    }
    if (run.length === 0 || named.includes(protocol))
      throw new ArgumentFault(`"${token.text}" has no address before it`, 'ADDRESS:PORT goes first', token);
    named.push(protocol);
    read.push(...run.map(address => ({ ...address, protocol })));
  }
  if (named.length === 0) throw noProtocol(tokens.at(-1)!);
  return read;
}

const noProtocol = (token: Token): ArgumentFault =>
  new ArgumentFault(
    `"${token.text}" is neither tcp nor udp`,
    'write the protocol after the addresses',
    token,
  );

function protocolOf(addresses: readonly VirtualAddressDraft[]): ServiceProtocol {
  const protocols = new Set(addresses.map(({ protocol }) => protocol));
  return protocols.size > 1 ? 'tcp+udp' : addresses[0]!.protocol;
}

const mode = defineDirective({
  name: 'mode',
  context: ['virtual_server'],
  args: { mode: arg.oneOf(FORWARD_MODES) },
  doc: {
    summary: 'How packets reach real servers that name no mode of their own.',
    args: {
      mode: 'dr: the frame is sent on to the real server, which has the virtual address on its lo and answers the client itself; nat: the destination is rewritten, and answers come back through the director; fullnat: the source as well, to one of source_pool, so that answers come back whatever the routes; tun: the packet is wrapped, and the real server answers the client itself, from wherever it stands.',
    },
    default: 'mode dr;',
    example: 'mode nat;',
    since: '0.1',
  },
  compile(args, scope) {
    scope.virtualServer.mode = args.mode;
  },
});

const tunnel = defineDirective({
  name: 'tunnel',
  context: ['virtual_server'],
  args: { kind: arg.oneOf(TUNNELS), port: arg.integer({ min: 1, max: 65535 }).param() },
  doc: {
    summary: 'How packets are wrapped in mode tun.',
    args: {
      kind: 'ipip: a second IP header, of IPv4 or IPv6; gue: within UDP, which switches and network cards spread.',
      port: 'Of gue; 6080 if absent.',
    },
    default: 'tunnel ipip;',
    example: 'tunnel gue port=6080;',
    since: '0.1',
  },
  compile({ kind, port }, scope) {
    if (kind !== 'gue' && port !== undefined) throw new ArgumentFault('port= goes with gue only');
    scope.virtualServer.own.tunnel = { kind, port: kind === 'gue' ? (port ?? 6080) : 0 };
  },
});

const SCHEDULER_TEXT =
  'rr, wrr: in turn, by weight; lc, wlc: fewest connections, for the weight; sed: shortest expected delay; nq: an idle one, else sed; twos: the better of two drawn by lot; sh: by the hash of the client, dh: of the virtual address; mh: by Maglev, where few clients move when real servers come or go; lblc, lblcr: the one (of those) that the address had before.';

const scheduler = defineDirective({
  name: 'scheduler',
  context: ['virtual_server'],
  args: { name: arg.oneOf(SCHEDULERS), port: arg.word() },
  doc: {
    summary: 'Which real server a new connection is given, with the names and meanings of LVS.',
    args: {
      name: SCHEDULER_TEXT,
      port: 'With sh and mh: the port of the client counts too, so that its connections spread.',
    },
    default: 'scheduler wlc;',
    example: 'scheduler mh port;',
    since: '0.1',
  },
  compile({ name, port = false }, scope, line) {
    if (port && name !== 'sh' && name !== 'mh') throw new ArgumentFault('port goes with sh and mh only');
    scope.virtualServer.own.scheduler = { name, port };
    scope.virtualServer.places.set('scheduler', line.args[0]!);
  },
});

const weight = arg.integer({ min: 0, max: 65535 });
const most = arg.integer({ min: 0, max: 2 ** 32 - 1 });

const realServer = defineDirective({
  name: 'real_server',
  context: ['virtual_server'],
  repeats: true,
  args: {
    address: arg.token('an address'),
    weight: weight.param(),
    mode: arg.oneOf(FORWARD_MODES).param(),
    upper: most.param(),
    lower: most.param(),
    drain: arg.word(),
    down: arg.word(),
  },
  doc: {
    summary: 'A server that connections are given to.',
    args: {
      address:
        'ADDRESS, ADDRESS:PORT or [IPV6]:PORT; without a port it is the one that the client asked for.',
      weight: 'How much it gets beside the others; 1 if absent, 0: no new connections.',
      mode: 'How packets reach it; that of the virtual server if absent.',
      upper: 'At so many connections it is full, and gets no new ones; 0 if absent: never.',
      lower: 'A full one gets new connections again below this; three quarters of upper if absent.',
      drain:
        'It gets no new connections; what it has may end until the deadline of the drain directive, and is then treated by on_dead.',
      down: 'It gets nothing, and what it has is treated by on_dead.',
    },
    example: 'real_server 10.0.0.1:8080 weight=2 upper=5000;',
    since: '0.1',
  },
  compile(args, scope) {
    const { virtualServer: draft } = scope;
    const read = readRealAddress(args.address);
    const twin = draft.realServers.find(one => one.address === read.address && one.port === read.port);
    if (twin)
      throw new ArgumentFault(
        `the real server "${read.name}" stands on line ${twin.place.line} already`,
        'keep one of the two',
      );
    const { upper = 0, lower = 0 } = args;
    if (lower > 0 && lower >= upper)
      throw new ArgumentFault(
        `lower=${lower} is not below upper=${upper}`,
        'a full real server takes connections again below lower=',
      );
    if (args.drain && args.down) throw new ArgumentFault('"drain" and "down" stand together');
    const state: RealServerDraft['state'] = args.drain ? 'drain' : args.down ? 'down' : 'ready';
    draft.realServers.push({ ...read, weight: args.weight ?? 1, mode: args.mode, upper, lower, state });
  },
});

const sorryServer = defineDirective({
  name: 'sorry_server',
  context: ['virtual_server'],
  args: { address: arg.token('an address'), mode: arg.oneOf(FORWARD_MODES).param() },
  doc: {
    summary:
      'Gets all new connections while the quorum is lost. It is not checked: let it be something simple, such as a page that says so.',
    args: { address: 'As that of a real_server.', mode: 'As that of a real_server.' },
    example: 'sorry_server 10.0.0.99:80;',
    since: '0.1',
  },
  compile(args, scope) {
    const read = readRealAddress(args.address);
    scope.virtualServer.sorryServer = {
      ...read,
      weight: 1,
      mode: args.mode,
      upper: 0,
      lower: 0,
      state: 'ready',
    };
  },
});

export const L4_SERVER = [virtualServer, mode, tunnel, scheduler, realServer, sorryServer];
