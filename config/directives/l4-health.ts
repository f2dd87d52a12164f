/** health_check of the L4 tier: what a real server is asked, and how often. */
import { L4_CHECK_TYPES } from '#model/l4/health.ts';
import { ArgumentFault, type ArgumentValues, arg } from '../argument.ts';
import type { CheckDraft } from '../draft-l4.ts';
import { ipAddress } from '../l4-address.ts';
import { CHECK_PARAMETERS, questionOf, refuseMisfits } from '../l4-question.ts';
import { defineDirective, type Line } from '../registry.ts';
import type { Scope } from '../scope.ts';

/** Parameters of a check of a real server, or of a site. */
export const CHECK_ARGS = {
  type: arg.oneOf(L4_CHECK_TYPES),
  interval: arg.durationMs().param(),
  timeout: arg.durationMs().param(),
  jitter: arg.durationMs().param(),
  rise: arg.integer({ min: 1 }).param(),
  fall: arg.integer({ min: 1 }).param(),
  port: arg.integer({ min: 1, max: 65535 }).param(),
  address: ipAddress().param(),
  from: ipAddress().param(),
  only: arg.text('addresses of real servers').param(),
  mandatory: arg.word(),
  ...CHECK_PARAMETERS,
};

export const CHECK_TEXTS = {
  type: 'tcp: a connection, with send= and expect= a talk; http, https: a request; dns: a query; udp: a datagram; ping: an ICMP echo; smtp: EHLO; grpc: its health protocol; redis: PING; mysql, postgres: their greeting, and a login; script: a program; file: the content of a file.',
  interval: 'Between two checks of a real server; 2s if absent.',
  timeout: 'A check that takes longer has failed; 2s if absent.',
  jitter: 'Each check is late by a random time up to this; a tenth of the interval if absent.',
  rise: 'Passed checks in a row that bring it back; 2 if absent. The first check of all decides by itself.',
  fall: 'Failed checks in a row that take it out; 3 if absent.',
  port: 'Where to ask; the port of the real server if absent.',
  address: 'Whom to ask instead of the real server: a management address of it.',
  from: 'The own address that checks come from.',
  only: 'For these real servers alone, named as on their lines, parted by commas.',
  mandatory: 'Real servers get nothing before their first check has passed.',
  send: 'What is sent, as text or as hex: and bytes; udp sends an empty datagram if absent. Quotes go around the whole word: "send=PING\\r\\n".',
  expect: 'A regular expression that the answer must match.',
  tls: 'With tcp and grpc: over TLS.',
  sni: 'The name that TLS asks for; that of host= if absent.',
  verify: 'The certificate must be valid, and for that name.',
  ca: 'PEM file of those who may have signed it; the authorities of the system if absent.',
  expiry_warning: 'Warns when the certificate ends within this time; 14d if absent, 0: never.',
  method: 'GET if absent.',
  uri: 'What is asked for; / if absent.',
  version: '1.1 if absent; 2 is HTTP/2, with http without TLS.',
  host: 'The Host header; the address of the real server if absent.',
  status: 'Good ones, as in 200-299,301; 200-399 if absent.',
  header: 'A field that the answer must have: NAME, or NAME:REGEX for its value.',
  body: 'A regular expression that the body must match, in its first 256 KiB.',
  digest: 'MD5 or SHA-256 of the whole body, in hexadecimal.',
  name: 'Of dns: what is asked for; . if absent.',
  record: 'Of dns: NS if absent.',
  hello: 'Of smtp: the name in EHLO; that of this host if absent.',
  service: 'Of grpc: which one; the whole server if absent.',
  password: 'Of redis.',
  user: 'Of mysql: a user without a password to log in as; no login if absent. Of postgres: who asks; moat if absent. Of script: who runs it; script_user if absent.',
  database: 'Of postgres; the name of the user if absent.',
  command:
    'Of script: a program by its absolute path with its arguments, parted by blanks, as in "command=/usr/bin/check -v"; no shell. Its environment says which real server is meant: MOAT_VIRTUAL_SERVER, MOAT_REAL_SERVER, MOAT_ADDRESS, MOAT_PORT.',
  path: 'Of file.',
  dynamic_weight:
    'Of script: exit codes 2 to 255 pass too, and set the weight to the code less 2. Of file and http: it, or the body, holds the weight, a share such as 50%, or drain; down fails. So a server that is loaded takes less.',
};

const healthCheck = defineDirective({
  name: 'health_check',
  context: ['virtual_server'],
  repeats: true,
  args: { ...CHECK_ARGS, via: arg.oneOf(['vip']).param() },
  doc: {
    summary:
      'Asks all real servers of the virtual server, each by itself, whether they work; of several checks every one must pass. A server that fails gets no new connections, and on_dead says what becomes of those it has.',
    args: {
      ...CHECK_TEXTS,
      via: "vip asks at the virtual address, by the path that clients' packets take to this real server: it finds out one of mode dr or tun that does not hold the address. Of tcp, http, https, smtp, grpc, redis, mysql, postgres, dns and udp; mode nat needs it not.",
    },
    example: 'health_check http uri=/healthz status=200 interval=2s fall=3;',
    since: '0.1',
  },
  compile({ via, ...args }, scope, line) {
    const check = checkOf(args, scope, line);
    scope.virtualServer.checks.push({ ...check, throughVirtual: via === 'vip' });
  },
});

/** @throws {ArgumentFault} when the words do not fit the kind of check, or each other */
export function checkOf(args: ArgumentValues<typeof CHECK_ARGS>, scope: Scope, line: Line): CheckDraft {
  refuseMisfits(args.type, line.args);
  const { intervalMs, timeoutMs } = timesOf(args);
  return {
    question: questionOf(args, scope),
    intervalMs,
    timeoutMs,
    jitterMs: args.jitter ?? Math.trunc(intervalMs / 10),
    rise: args.rise ?? 2,
    fall: args.fall ?? 3,
    address: args.address,
    port: args.port,
    throughVirtual: false,
    from: args.from,
    only: args.only?.split(',') ?? [],
    mandatory: args.mandatory ?? false,
    place: line.name,
  };
}

const LEAST_INTERVAL_MS = 100;

function timesOf({
  interval = 2000,
  timeout = 2000,
}: {
  interval?: number | undefined;
  timeout?: number | undefined;
}) {
  if (interval < LEAST_INTERVAL_MS)
    throw new ArgumentFault(`interval=${interval}ms is too short`, 'take 100ms or more');
  if (timeout < 1) throw new ArgumentFault('timeout=0 would fail every check', 'take 100ms or more');
  return { intervalMs: interval, timeoutMs: timeout };
}

export const L4_HEALTH = [healthCheck];
