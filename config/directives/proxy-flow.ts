/** How a proxied request flows: time limits, tries, buffers. */
import { NEXT_UPSTREAM_CASES } from '#model/l7/proxy.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { type Context, type Directive, defineDirective } from '../registry.ts';
import { defineSetting } from './setting.ts';
import { sizeText } from './size-text.ts';

const EVERYWHERE: readonly Context[] = ['http', 'server', 'location'];

const nextUpstream = defineDirective({
  name: 'proxy_next_upstream',
  context: EVERYWHERE,
  args: { cases: arg.oneOf(NEXT_UPSTREAM_CASES).rest(1) },
  doc: {
    summary: 'In which cases a request goes to the next server.',
    default: 'proxy_next_upstream error timeout;',
    example: 'proxy_next_upstream error timeout http_502;',
    since: '0.1',
  },
  compile({ cases }, scope) {
    if (cases.includes('off') && cases.length > 1) throw new ArgumentFault('"off" stands alone');
    scope.set('proxy', { nextUpstream: cases });
  },
});

/** `proxy_buffers NUMBER SIZE`: what counts here is how much they hold together. */
const buffers = defineDirective({
  name: 'proxy_buffers',
  context: EVERYWHERE,
  args: { number: arg.integer({ min: 2 }), size: arg.size() },
  doc: {
    summary: 'How much of an answer is held in memory for a slow client: number times size.',
    default: 'proxy_buffers 8 4k;',
    example: 'proxy_buffers 16 16k;',
    since: '0.1',
  },
  compile({ number, size }, scope) {
    scope.set('proxy', { buffersBytes: number * size });
  },
});

/** The levels of nginx's folder tree mean nothing here: temporary files have no names. */
const tempPath = defineDirective({
  name: 'proxy_temp_path',
  context: EVERYWHERE,
  args: { path: arg.text('a folder'), levels: arg.integer({ min: 1, max: 3 }).rest(0) },
  doc: {
    summary: 'The folder of temporary files with answers that slow clients have not taken yet.',
    default: 'proxy_temp_path proxy_temp;',
    example: 'proxy_temp_path /var/lib/moat/proxy;',
    since: '0.1',
  },
  compile({ path }, scope) {
    scope.set('proxy', { tempPath: scope.prefixPath(path) });
  },
});

const limitRate = defineDirective({
  name: 'proxy_limit_rate',
  context: EVERYWHERE,
  args: { rate: arg.token('a size, with variables') },
  doc: {
    summary:
      'How fast an answer is read from a server, in bytes per second; 0: no limit. It needs `proxy_buffering on`.',
    default: 'proxy_limit_rate 0;',
    example: 'proxy_limit_rate 1m;',
    since: '0.1',
  },
  compile({ rate }, scope) {
    scope.set('proxy', { limitRateBytesPerS: sizeText(rate, scope) });
  },
});

const time = (name: string, field: 'connectTimeoutMs' | 'sendTimeoutMs' | 'readTimeoutMs', summary: string) =>
  defineSetting(name, EVERYWHERE, 'proxy', field, arg.durationMs(), {
    summary,
    default: `${name} 60s;`,
    example: `${name} 5s;`,
  });

export const PROXY_FLOW: readonly Directive[] = [
  nextUpstream,
  buffers,
  tempPath,
  time('proxy_connect_timeout', 'connectTimeoutMs', 'How long a connection to a server may take to stand.'),
  time('proxy_send_timeout', 'sendTimeoutMs', 'How long a server may take between two reads of the request.'),
  time('proxy_read_timeout', 'readTimeoutMs', 'How long a server may take between two pieces of its answer.'),
  defineSetting('proxy_next_upstream_tries', EVERYWHERE, 'proxy', 'nextUpstreamTries', arg.integer(), {
    summary: 'How many servers a request may try; 0: all of them.',
    default: 'proxy_next_upstream_tries 0;',
    example: 'proxy_next_upstream_tries 2;',
  }),
  defineSetting(
    'proxy_next_upstream_timeout',
    EVERYWHERE,
    'proxy',
    'nextUpstreamTimeoutMs',
    arg.durationMs(),
    {
      summary: 'For how long a request may turn to further servers; 0: no limit.',
      default: 'proxy_next_upstream_timeout 0;',
      example: 'proxy_next_upstream_timeout 10s;',
    },
  ),
  defineSetting('proxy_buffering', EVERYWHERE, 'proxy', 'buffering', arg.flag(), {
    summary: 'Whether answers are taken from servers faster than slow clients take them.',
    default: 'proxy_buffering on;',
    example: 'proxy_buffering off;',
  }),
  defineSetting('proxy_buffer_size', EVERYWHERE, 'proxy', 'bufferBytes', arg.size(), {
    summary: "The largest head of a server's answer.",
    default: 'proxy_buffer_size 4k;',
    example: 'proxy_buffer_size 16k;',
  }),
  defineSetting('proxy_busy_buffers_size', EVERYWHERE, 'proxy', 'busyBuffersBytes', arg.size(), {
    summary: 'Accepted for nginx configurations; the socket decides how much waits to be sent.',
    example: 'proxy_busy_buffers_size 16k;',
  }),
  defineSetting('proxy_max_temp_file_size', EVERYWHERE, 'proxy', 'maxTempFileBytes', arg.size(), {
    summary: 'The largest temporary file for one answer; 0: none, the server waits for the client.',
    default: 'proxy_max_temp_file_size 1024m;',
    example: 'proxy_max_temp_file_size 0;',
  }),
  defineSetting('proxy_temp_file_write_size', EVERYWHERE, 'proxy', 'tempFileWriteBytes', arg.size(), {
    summary: 'How much is written to a temporary file at once.',
    default: 'proxy_temp_file_write_size 64k;',
    example: 'proxy_temp_file_write_size 128k;',
  }),
  defineSetting('proxy_ignore_client_abort', EVERYWHERE, 'proxy', 'ignoreClientAbort', arg.flag(), {
    summary: 'Whether a request goes on when its client has gone.',
    default: 'proxy_ignore_client_abort off;',
    example: 'proxy_ignore_client_abort on;',
  }),
  limitRate,
];
