/** HTTP/2 to clients. */
import { ArgumentFault, arg } from '../argument.ts';
import { type Context, defineDirective } from '../registry.ts';
import { BLOCKS, coreField, SERVER_BLOCKS, serverCoreOf, serverField } from './core-field.ts';

/** RFC 9113 §4.2, §6.9. */
const MOST_FRAME_BYTES = 2 ** 24 - 1;
const MOST_WINDOW_BYTES = 2 ** 31 - 1;

const chunkSize = defineDirective({
  name: 'http2_chunk_size',
  context: BLOCKS,
  args: { size: arg.size() },
  doc: {
    summary:
      'How much of a body goes into one frame. Smaller ones let answers of one connection share it more finely, and cost more.',
    default: 'http2_chunk_size 8k;',
    example: 'http2_chunk_size 16k;',
    since: '0.1',
  },
  compile({ size }, scope) {
    scope.set('core', { http2ChunkBytes: Math.min(Math.max(size, 1), MOST_FRAME_BYTES) });
  },
});

const prereadSize = defineDirective({
  name: 'http2_body_preread_size',
  context: SERVER_BLOCKS,
  args: { size: arg.size() },
  doc: {
    summary: 'How much of a request body its client may send before anybody wants it.',
    default: 'http2_body_preread_size 64k;',
    example: 'http2_body_preread_size 128k;',
    since: '0.1',
  },
  compile({ size }, scope) {
    if (size > MOST_WINDOW_BYTES) throw new ArgumentFault('the largest window has 2147483647 bytes');
    serverCoreOf(scope).http2BodyPrereadBytes = size;
  },
});

type Inert = readonly [name: string, context: readonly Context[], why: string, example: string];

const INERT: readonly Inert[] = [
  ['http2_recv_buffer_size', ['http'], 'All connections of a worker are read into one buffer.', '256k'],
  ['http2_pool_size', SERVER_BLOCKS, 'The memory of a connection is managed by the runtime.', '4k'],
  ['http2_streams_index_size', SERVER_BLOCKS, 'moat sizes its tables by itself.', '32'],
];

const inert = INERT.map(([name, context, why, example]) =>
  defineDirective({
    name,
    context,
    args: { size: arg.size() },
    doc: {
      summary: `Accepted for nginx configurations, without effect. ${why}`,
      example: `${name} ${example};`,
      since: '0.1',
    },
    compile() {},
  }),
);

/** Names that nginx gave up: it warns, and goes on without them. */
const OBSOLETE: readonly (readonly [name: string, context: readonly Context[], instead: string])[] = [
  ['http2_idle_timeout', SERVER_BLOCKS, 'use keepalive_timeout'],
  ['http2_max_field_size', SERVER_BLOCKS, 'use large_client_header_buffers'],
  ['http2_max_header_size', SERVER_BLOCKS, 'use large_client_header_buffers'],
  ['http2_max_requests', SERVER_BLOCKS, 'use keepalive_requests'],
  ['http2_recv_timeout', SERVER_BLOCKS, 'use client_header_timeout'],
  ['http2_max_concurrent_pushes', SERVER_BLOCKS, 'browsers take no pushes any more: remove the line'],
  ['http2_push', BLOCKS, 'browsers take no pushes any more: remove the line'],
  ['http2_push_preload', BLOCKS, 'browsers take no pushes any more: remove the line'],
];

const obsolete = OBSOLETE.map(([name, context, instead]) =>
  defineDirective({
    name,
    context,
    repeats: true,
    args: { value: arg.text('a value') },
    doc: {
      summary: `Accepted for old nginx configurations, without effect: ${instead}.`,
      example: `${name} 1;`,
      since: '0.1',
    },
    compile(_, scope, line) {
      scope.faults.warn('no-effect', `${name} is obsolete, and ignored`, line.name, instead);
    },
  }),
);

export const HTTP2 = [
  serverField('http2', 'http2', arg.flag(), {
    summary:
      'Whether clients may speak HTTP/2: by ALPN where TLS is spoken, elsewhere those that begin with its preface.',
    default: 'off',
    example: 'on',
  }),
  serverField('http2_max_concurrent_streams', 'http2MaxConcurrentStreams', arg.integer({ min: 1 }), {
    summary: 'How many requests of one connection may be under way; those beyond are refused.',
    default: '128',
    example: '256',
  }),
  serverField('http2_extended_connect', 'http2ExtendedConnect', arg.flag(), {
    summary: 'Whether clients are told that they may ask for WebSockets over HTTP/2 (RFC 8441).',
    default: 'off',
    example: 'on',
  }),
  coreField('accept_extended_connect', 'acceptExtendedConnect', arg.flag(), {
    summary:
      'Whether a request for a WebSocket over HTTP/2 may come here; it goes on as one of HTTP/1.1, with what `Upgrade` needs.',
    default: 'off',
    example: 'on',
  }),
  prereadSize,
  chunkSize,
  ...inert,
  ...obsolete,
];
