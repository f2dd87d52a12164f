/** What a pool keeps: idle connections, waiting requests, its state; and how it finds its members. */
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import { nameServer } from './name-server.ts';

const keepalive = defineDirective({
  name: 'keepalive',
  context: ['upstream'],
  args: { connections: arg.integer(), local: arg.oneOf(['local']).optional() },
  doc: {
    summary:
      'How many idle connections to the members each worker keeps; 0 keeps none. When it is too many, the one unused for longest is closed.',
    default: 'keepalive 32 local;',
    example: 'keepalive 64;',
    differs:
      'A connection serves every location that would open it the same way (TLS settings, local address); local changes nothing.',
    since: '0.1',
  },
  compile({ connections }, { pool }) {
    pool.keepalive = { ...pool.keepalive, idle: connections };
  },
});

const keepaliveRequests = defineDirective({
  name: 'keepalive_requests',
  context: ['upstream'],
  args: { number: arg.integer() },
  doc: {
    summary: 'After so many requests a connection to a member is closed.',
    default: 'keepalive_requests 1000;',
    example: 'keepalive_requests 100000;',
    since: '0.1',
  },
  compile({ number }, { pool }) {
    pool.keepalive = { ...pool.keepalive, requests: number };
  },
});

const keepaliveTime = defineDirective({
  name: 'keepalive_time',
  context: ['upstream'],
  args: { time: arg.durationMs() },
  doc: {
    summary: 'After this time a connection to a member ends with its next answer.',
    default: 'keepalive_time 1h;',
    example: 'keepalive_time 10m;',
    since: '0.1',
  },
  compile({ time }, { pool }) {
    pool.keepalive = { ...pool.keepalive, timeMs: time };
  },
});

const keepaliveTimeout = defineDirective({
  name: 'keepalive_timeout',
  context: ['upstream'],
  args: { time: arg.durationMs() },
  doc: {
    summary: 'How long a connection to a member may be idle.',
    default: 'keepalive_timeout 60s;',
    example: 'keepalive_timeout 15s;',
    since: '0.1',
  },
  compile({ time }, { pool }) {
    pool.keepalive = { ...pool.keepalive, timeoutMs: time };
  },
});

const queue = defineDirective({
  name: 'queue',
  context: ['upstream'],
  args: { number: arg.integer({ min: 1 }), timeout: arg.durationMs().param() },
  doc: {
    summary:
      'Requests that find members at their max_conns wait for room, at most so many of all workers together; those that wait too long get 502.',
    args: { number: 'Most requests that wait.', timeout: 'How long each may wait; 60s if absent.' },
    example: 'queue 100 timeout=70s;',
    since: '0.1',
  },
  compile({ number, timeout = 60_000 }, { pool }) {
    pool.queue = { length: number, timeoutMs: timeout };
  },
});

const zone = defineDirective({
  name: 'zone',
  context: ['upstream'],
  args: { name: arg.token('a name'), size: arg.size().optional() },
  doc: {
    summary: 'The name of the shared memory of the pool.',
    example: 'zone app 64k;',
    differs:
      'The state of every pool is shared by all workers, in as much memory as it takes; the size has no effect.',
    since: '0.1',
  },
  compile({ name, size = 0 }, scope) {
    if (size > 0) scope.zone(name.text, 'upstream', size, name);
    scope.pool.zone = { name: name.text, bytes: size };
  },
});

const state = defineDirective({
  name: 'state',
  context: ['upstream'],
  args: { file: arg.text('a path') },
  doc: {
    summary:
      'A file that keeps the members of the pool while they are changed at run time: its lines are server lines.',
    example: 'state /var/lib/moat/state/app.conf;',
    since: '0.1',
  },
  compile({ file }, scope) {
    scope.pool.statePath = scope.prefixPath(file);
  },
});

const resolver = defineDirective({
  name: 'resolver',
  context: ['upstream'],
  args: {
    servers: arg.token('addresses').rest(1),
    valid: arg.durationMs().param(),
    ipv4: arg.flag().param(),
    ipv6: arg.flag().param(),
    status_zone: arg.text('a name').param(),
  },
  doc: {
    summary: 'The name servers that look up the members of this pool, in place of those of the http block.',
    example: 'resolver 10.0.0.53 valid=30s;',
    since: '0.1',
  },
  compile({ servers, valid, ipv4 = true, ipv6 = true }, { pool }) {
    if (!ipv4 && !ipv6) throw new ArgumentFault('"ipv4=off" and "ipv6=off" leave no addresses');
    pool.resolver = { servers: servers.map(nameServer), validMs: valid, ipv4, ipv6 };
  },
});

const resolverTimeout = defineDirective({
  name: 'resolver_timeout',
  context: ['upstream'],
  args: { time: arg.durationMs() },
  doc: {
    summary: 'How long the lookup of a name of this pool may take.',
    default: 'resolver_timeout 30s;',
    example: 'resolver_timeout 5s;',
    since: '0.1',
  },
  compile({ time }, { pool }) {
    pool.resolverTimeoutMs = time;
  },
});

const outlierDetection = defineDirective({
  name: 'outlier_detection',
  context: ['upstream'],
  args: {
    consecutive_5xx: arg.integer({ min: 1 }).param(),
    interval: arg.durationMs().param(),
    base_ejection: arg.durationMs().param(),
    max_ejection_percent: arg.integer({ min: 1, max: 100 }).param(),
  },
  doc: {
    summary:
      'Takes a member out for a while when its answers to requests of clients are faulty again and again. The last member in use is never taken out.',
    args: {
      consecutive_5xx: 'Answers in a row that are 5xx or fail; 5 if absent.',
      interval:
        'After so long in use without another ejection one of those before is forgiven; 10s if absent.',
      base_ejection:
        'How long the first ejection lasts; the second one twice as long, and so on. 30s if absent.',
      max_ejection_percent: 'Most members out at a time, though one may always be; 10 if absent.',
    },
    example: 'outlier_detection consecutive_5xx=5 base_ejection=30s;',
    since: '0.1',
  },
  compile(args, { pool }) {
    pool.outlier = {
      consecutive: args.consecutive_5xx ?? 5,
      intervalMs: args.interval ?? 10_000,
      baseMs: args.base_ejection ?? 30_000,
      mostPercent: args.max_ejection_percent ?? 10,
    };
  },
});

export const UPSTREAM_KEEP = [
  keepalive,
  keepaliveRequests,
  keepaliveTime,
  keepaliveTimeout,
  queue,
  zone,
  state,
  resolver,
  resolverTimeout,
  outlierDetection,
];
