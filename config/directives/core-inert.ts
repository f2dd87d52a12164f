/** Directives of the http core module that steer machinery which moat does not have: read, and without effect. */
import { arg } from '../argument.ts';
import { type Context, defineDirective } from '../registry.ts';
import { BLOCKS, BLOCKS_AND_IF, SERVER_BLOCKS } from './core-field.ts';

/** Why nothing follows from them. */
const TABLES = 'moat sizes its tables by itself.';
const FILES = 'moat reads files through the page cache, in pieces that follow the pace of the client.';
const MEMORY = 'The memory of a request is managed by the runtime.';
const BROWSERS = 'It is for browsers that are no longer in use.';
const BODY = 'The body of a request is held in the pieces that it came in.';

type Row = readonly [names: string, context: readonly Context[], why: string, example: string];

const ROWS: readonly Row[] = [
  ['variables_hash_max_size', ['http'], TABLES, '1024'],
  ['variables_hash_bucket_size', ['http'], TABLES, '64'],
  ['server_names_hash_max_size', ['http'], TABLES, '512'],
  ['server_names_hash_bucket_size', ['http'], TABLES, '64'],
  ['referer_hash_max_size', ['server', 'location'], TABLES, '2048'],
  ['referer_hash_bucket_size', ['server', 'location'], TABLES, '64'],
  ['types_hash_max_size', BLOCKS, TABLES, '2048'],
  ['types_hash_bucket_size', BLOCKS, TABLES, '64'],
  ['proxy_headers_hash_max_size', BLOCKS, TABLES, '512'],
  ['proxy_headers_hash_bucket_size', BLOCKS, TABLES, '64'],
  ['sendfile', BLOCKS_AND_IF, FILES, 'on'],
  ['sendfile_max_chunk', BLOCKS, FILES, '2m'],
  ['aio', BLOCKS, FILES, 'threads'],
  ['aio_write', BLOCKS, FILES, 'on'],
  ['directio', BLOCKS, FILES, '4m'],
  ['directio_alignment', BLOCKS, FILES, '512'],
  ['output_buffers', BLOCKS, FILES, '2 32k'],
  ['read_ahead', BLOCKS, FILES, '0'],
  ['open_file_cache', BLOCKS, FILES, 'max=1000 inactive=20s'],
  ['open_file_cache_valid', BLOCKS, FILES, '60s'],
  ['open_file_cache_min_uses', BLOCKS, FILES, '1'],
  ['open_file_cache_errors', BLOCKS, FILES, 'off'],
  ['open_file_cache_events', BLOCKS, FILES, 'off'],
  ['tcp_nodelay', BLOCKS, 'Small packets are always sent at once.', 'on'],
  ['tcp_nopush', BLOCKS, 'The head of an answer leaves with the first piece of its body.', 'on'],
  ['postpone_output', BLOCKS, 'Small pieces of an answer are joined by themselves.', '1460'],
  ['proxy_send_lowat', BLOCKS, 'The kernel decides when a socket takes more.', '0'],
  ['send_lowat', BLOCKS, 'The kernel decides when a socket takes more.', '0'],
  ['connection_pool_size', SERVER_BLOCKS, MEMORY, '512'],
  ['request_pool_size', SERVER_BLOCKS, MEMORY, '4k'],
  ['subrequest_output_buffer_size', BLOCKS, MEMORY, '4k'],
  ['client_body_in_single_buffer', BLOCKS, BODY, 'on'],
  ['client_body_early_read', SERVER_BLOCKS, BODY, '1'],
  ['keepalive_disable', BLOCKS, BROWSERS, 'msie6'],
  ['msie_padding', BLOCKS, BROWSERS, 'off'],
  ['msie_refresh', BLOCKS, BROWSERS, 'off'],
];

export const CORE_INERT = ROWS.map(([name, context, why, example]) =>
  defineDirective({
    name,
    context,
    args: { values: arg.text().rest(1) },
    doc: {
      summary: `Accepted for nginx configurations, without effect. ${why}`,
      example: `${name} ${example};`,
      since: '0.1',
    },
    compile() {},
  }),
);
