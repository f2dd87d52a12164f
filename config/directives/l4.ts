/** The L4 tier: the l4 block, and what all of its virtual servers share. */
import { ATTACH_MODES } from '#model/l4/l4.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { newL4 } from '../draft-l4.ts';
import { readRange } from '../l4-address.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import { resolveL4Block } from '../resolve-l4.ts';
import { readSecretText, refuseGuessable } from '../secret-text.ts';
import { L4_FILTER } from './l4-filter.ts';
import { L4_HEALTH } from './l4-health.ts';
import { L4_POLICY } from './l4-policy.ts';
import { L4_SERVER } from './l4-server.ts';

const l4 = defineBlock({
  name: 'l4',
  context: ['main'],
  args: {},
  block: 'l4',
  doc: {
    summary:
      'The L4 tier: virtual servers whose packets the kernel forwards to real servers, as LVS does; moat only tells it how.',
    example: 'l4 { virtual_server 192.0.2.1:443 tcp { real_server 10.0.0.1; real_server 10.0.0.2; } }',
    since: '0.1',
  },
  compile(_, scope, body) {
    const draft = newL4();
    body.open(scope.child('l4', { l4: draft }));
    scope.around.main.l4 = resolveL4Block(draft, scope.faults);
  },
});

const attach = defineDirective({
  name: 'attach',
  context: ['l4'],
  repeats: true,
  args: { interface: arg.text('the name of an interface'), mode: arg.oneOf(ATTACH_MODES).optional() },
  doc: {
    summary: 'An interface on which packets for virtual servers come in.',
    args: {
      interface: 'As in `ip link`.',
      mode: 'xdp: in the driver; xdp-generic: before the stack, for trying XDP without a driver for it; tc: behind the driver, for veth and virtio; auto (if absent): xdp where the driver and the MTU allow it, else tc.',
    },
    default:
      'the interfaces by which real servers are reached, and those that hold a virtual address, by auto',
    example: 'attach eth0 xdp;',
    since: '0.1',
  },
  compile(args, scope) {
    const { attach: list } = scope.l4;
    if (list.some(one => one.interface === args.interface))
      throw new ArgumentFault(`"${args.interface}" is already attached to`, 'keep one of the two');
    list.push({ interface: args.interface, mode: args.mode ?? 'auto' });
  },
});

const pinPath = defineDirective({
  name: 'pin_path',
  context: ['l4'],
  args: { path: arg.text('an absolute path') },
  doc: {
    summary:
      'Where programs and maps are kept in the kernel, so that packets are forwarded while moat restarts. It lies in a bpffs; two moats of one machine need two.',
    default: 'pin_path /sys/fs/bpf/moat;',
    example: 'pin_path /sys/fs/bpf/edge;',
    since: '0.1',
  },
  compile({ path }, scope) {
    if (!path.startsWith('/')) throw new ArgumentFault(`"${path}" is not an absolute path`);
    scope.l4.own.pinPath = path.replace(/(?<=.)\/+$/, '');
  },
});

const connections = defineDirective({
  name: 'connections',
  context: ['l4'],
  args: { number: arg.integer({ min: 1024, max: 2 ** 26 }) },
  doc: {
    summary:
      'For how many entries the connection table is made, two for each connection of nat and fullnat. It takes 186 bytes for each from the start, and has some more room than that. A table that stands keeps its size, for its flows cannot move: a new one is made once the l4 block was taken out.',
    default: 'connections 262144;',
    example: 'connections 4000000;',
    since: '0.1',
  },
  compile({ number }, scope) {
    scope.l4.own.connections = number;
  },
});

const timeout = defineDirective({
  name: 'timeouts',
  context: ['l4'],
  args: {
    established: arg.durationMs().param(),
    syn: arg.durationMs().param(),
    fin: arg.durationMs().param(),
    udp: arg.durationMs().param(),
  },
  doc: {
    summary: 'How long an entry of the connection table lives without a packet.',
    args: {
      established: 'Of a TCP connection in use; 15m if absent.',
      syn: 'Of one whose SYN was not answered; 1m if absent.',
      fin: 'Of one that has ended; 2m if absent.',
      udp: 'Of a flow of datagrams; 5m if absent.',
    },
    example: 'timeouts established=1h udp=30s;',
    since: '0.1',
  },
  compile({ established, syn, fin, udp }, scope) {
    const times = { establishedMs: established, synMs: syn, finMs: fin, udpMs: udp };
    for (const [field, ms] of Object.entries(times)) {
      if (ms === undefined) continue;
      if (ms === 0) throw new ArgumentFault('0 would end every flow at once', 'take 1s or more');
      scope.l4.timeouts[field as keyof typeof times] = ms;
    }
  },
});

const insertLimit = defineDirective({
  name: 'insert_limit',
  context: ['l4'],
  args: { number: arg.integer() },
  doc: {
    summary:
      'New entries of the connection table a second and CPU. Above it, flows of services that can do without an entry get none, so that a flood of SYNs does not fill the table.',
    default: 'insert_limit 125000;',
    example: 'insert_limit 50000;',
    since: '0.1',
  },
  compile({ number }, scope) {
    scope.l4.own.insertsPerSecond = number;
  },
});

const hashSecret = defineDirective({
  name: 'hash_secret',
  context: ['l4'],
  args: { secret: arg.token('a text or file:PATH').secret() },
  doc: {
    summary:
      'Keys the hashes by which clients are spread, so that nobody outside can aim at one real server. Directors with the same secret and the same real servers agree on every flow without a word between them.',
    args: { secret: 'At least 16 characters, or file: and a path whose first line is the secret.' },
    default: 'drawn by lot once, and kept in /var/lib/moat/l4-hash.key',
    example: 'hash_secret file:/etc/moat/l4.key;',
    since: '0.1',
  },
  compile({ secret }, scope) {
    const value = readSecretText(secret, scope);
    refuseGuessable(value, 'secret', secret);
    scope.l4.own.hashSecret = value;
  },
});

const lease = defineDirective({
  name: 'lease',
  context: ['l4'],
  args: { time: arg.text('a time or off') },
  doc: {
    summary:
      'The program in the kernel forwards only while moat has given it a sign of life within this time: a director that hangs or is paused fences itself, so that its partner can take over. Off: it forwards whatever becomes of moat, which is right for a director without a partner.',
    default: 'lease off;',
    example: 'lease 3s;',
    since: '0.1',
  },
  compile({ time }, scope, line) {
    if (time === 'off') return;
    const ms = arg.durationMs().read(time, { token: line.args[0]!, scope }) as number;
    if (ms < 1000) throw new ArgumentFault(`a lease of ${ms} ms is too short`, 'take 1s or more');
    scope.l4.own.leaseMs = ms;
  },
});

const sourcePool = defineDirective({
  name: 'source_pool',
  context: ['l4'],
  repeats: true,
  args: { addresses: arg.token('an address, or FIRST-LAST'), ports: arg.text('FIRST-LAST').param() },
  doc: {
    summary:
      'Addresses of this director from which flows of mode fullnat go to real servers. Two directors have pools that do not overlap, or ports that do not.',
    args: {
      addresses: 'They must be on an interface.',
      ports: 'Which ports of the addresses; 1024-65535 if absent.',
    },
    example: 'source_pool 10.0.0.250-10.0.0.253;',
    since: '0.1',
  },
  compile({ addresses, ports = '1024-65535' }, scope) {
    const [first, last] = readRange(addresses.text, addresses);
    const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(ports) ?? [];
    const [firstPort, lastPort] = [Number(from ?? 0), Number(to ?? 0)];
    if (firstPort < 1 || lastPort > 65535 || lastPort < firstPort)
      throw new ArgumentFault(`"${ports}" is not a range of ports`, 'write ports=1024-65535');
    scope.l4.sourcePools.push({ first: first.text, last: last.text, firstPort, lastPort });
  },
});

const scriptUser = defineDirective({
  name: 'script_user',
  context: ['l4'],
  args: { user: arg.text('a user') },
  doc: {
    summary: 'Runs the programs of health checks and of notify, when moat is started as root.',
    default: 'script_user nobody;',
    example: 'script_user moat-checks;',
    since: '0.1',
  },
  compile({ user }, scope) {
    scope.l4.own.scriptUser = user;
  },
});

export const L4: readonly Directive[] = [
  l4,
  attach,
  pinPath,
  connections,
  timeout,
  insertLimit,
  hashSecret,
  lease,
  sourcePool,
  scriptUser,
  ...L4_FILTER,
  ...L4_SERVER,
  ...L4_POLICY,
  ...L4_HEALTH,
];
