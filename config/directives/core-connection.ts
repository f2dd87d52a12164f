/** How long connections are kept, how fast they are fed, and how they end. */
import type { ResolverSettings } from '#model/l7/core.ts';
import { type Argument, ArgumentFault, arg } from '../argument.ts';
import { type Directive, defineDirective } from '../registry.ts';
import { BLOCKS, BLOCKS_AND_IF, coreField } from './core-field.ts';
import { nameServer } from './name-server.ts';
import { sizeText } from './size-text.ts';

const keepaliveTimeout = defineDirective({
  name: 'keepalive_timeout',
  context: BLOCKS,
  args: { time: arg.durationMs(), header: arg.durationMs().optional() },
  doc: {
    summary:
      'How long a connection without a request is kept; 0 keeps none. The second time is told to the client as Keep-Alive: timeout=.',
    default: 'keepalive_timeout 75s;',
    example: 'keepalive_timeout 65s 60s;',
    since: '0.1',
  },
  compile({ time, header }, scope) {
    const headerS = header === undefined ? undefined : Math.floor(header / 1000);
    scope.set('core', { keepaliveTimeout: { idleMs: time, headerS } });
  },
});

/** A size, or a text with variables that is read as one in each request. */
const rateField = (
  name: string,
  field: 'limitRateBytesPerS' | 'limitRateAfterBytes',
  summary: string,
  example: string,
): Directive =>
  defineDirective({
    name,
    context: BLOCKS_AND_IF,
    args: { size: arg.token('a size, with variables') },
    doc: { summary, default: `${name} 0;`, example: `${name} ${example};`, since: '0.1' },
    compile({ size }, scope) {
      scope.set('core', { [field]: sizeText(size, scope) });
    },
  });

/** As conditions of nginx: a value that is neither empty nor "0" says yes. */
const earlyHints = defineDirective({
  name: 'early_hints',
  context: BLOCKS,
  args: { values: arg.token('texts with variables').rest(1) },
  doc: {
    summary:
      'Whether early hints (103) of servers go on to the client: when one of the values is neither empty nor `0`.',
    example: 'early_hints $http2;',
    since: '0.1',
  },
  compile({ values }, scope) {
    scope.set('core', { earlyHints: values.map(value => scope.template(value.text, value)) });
  },
});

const resolver = defineDirective({
  name: 'resolver',
  context: BLOCKS,
  args: {
    servers: arg.token('addresses').rest(1),
    valid: arg.durationMs().param(),
    ipv4: arg.flag().param(),
    ipv6: arg.flag().param(),
    status_zone: arg.text('a name').param(),
  },
  doc: {
    summary: 'The name servers that look up names of servers while moat runs.',
    example: 'resolver 10.0.0.53 [fd00::53]:5353 valid=30s ipv6=off;',
    since: '0.1',
  },
  compile({ servers, valid, ipv4 = true, ipv6 = true }, scope) {
    if (!ipv4 && !ipv6) throw new ArgumentFault('"ipv4=off" and "ipv6=off" leave no addresses');
    const settings: ResolverSettings = { servers: servers.map(nameServer), validMs: valid, ipv4, ipv6 };
    scope.set('core', { resolver: settings });
  },
});

const time = (
  name: string,
  field:
    | 'keepaliveTimeMs'
    | 'keepaliveMinTimeoutMs'
    | 'sendTimeoutMs'
    | 'lingeringTimeMs'
    | 'lingeringTimeoutMs'
    | 'resolverTimeoutMs',
  summary: string,
  [standard, example]: readonly [string, string],
): Directive => coreField(name, field, arg.durationMs(), { summary, default: standard, example });

const flag = (
  name: string,
  field: 'resetTimedoutConnection' | 'chunkedTransferEncoding' | 'logSubrequest',
  summary: string,
  standard: 'on' | 'off',
): Directive =>
  coreField(name, field, arg.flag() as Argument<boolean>, {
    summary,
    default: standard,
    example: standard === 'on' ? 'off' : 'on',
  });

export const CORE_CONNECTION = [
  keepaliveTimeout,
  earlyHints,
  resolver,
  time('resolver_timeout', 'resolverTimeoutMs', 'How long the lookup of a name may take.', ['30s', '5s']),
  time('keepalive_time', 'keepaliveTimeMs', 'After this time a connection ends with its next answer.', [
    '1h',
    '10m',
  ]),
  time(
    'keepalive_min_timeout',
    'keepaliveMinTimeoutMs',
    'How long a connection without a request is kept at least when moat stops.',
    ['0', '5s'],
  ),
  coreField('keepalive_requests', 'keepaliveRequests', arg.integer(), {
    summary: 'How many requests one connection may bring.',
    default: '1000',
    example: '10000',
  }),
  time('send_timeout', 'sendTimeoutMs', 'How long a client may pause in taking an answer.', ['60s', '10s']),
  coreField('lingering_close', 'lingeringClose', arg.oneOf(['off', 'on', 'always']), {
    summary:
      'Whether a connection that ends is still read for a while, so that the answer is not lost: never, when more of a request may come, or always.',
    default: 'on',
    example: 'off',
  }),
  time('lingering_time', 'lingeringTimeMs', 'How long it is read on at most.', ['30s', '10s']),
  time('lingering_timeout', 'lingeringTimeoutMs', 'How long it is waited for more each time.', ['5s', '1s']),
  flag(
    'reset_timedout_connection',
    'resetTimedoutConnection',
    'Whether connections that ran out of time, and those closed by status 444, are reset.',
    'off',
  ),
  flag(
    'chunked_transfer_encoding',
    'chunkedTransferEncoding',
    'Whether answers of unknown length are sent in chunks; without it they end with the connection.',
    'on',
  ),
  flag('log_subrequest', 'logSubrequest', 'Whether requests that moat makes to itself are logged.', 'off'),
  rateField(
    'limit_rate',
    'limitRateBytesPerS',
    'How many bytes a second an answer is sent with; 0 sets no limit.',
    '$rate',
  ),
  rateField(
    'limit_rate_after',
    'limitRateAfterBytes',
    'How many bytes of an answer are sent before `limit_rate` begins.',
    '500k',
  ),
];
