/** How much of a request is taken, and for how long it is waited for. */
import { ArgumentFault, arg } from '../argument.ts';
import { newLocation } from '../draft.ts';
import { defineBlock, defineDirective } from '../registry.ts';
import { BLOCKS, coreField, SERVER_BLOCKS, serverCoreOf, serverField } from './core-field.ts';

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'MKCOL',
  'COPY',
  'MOVE',
  'OPTIONS',
  'PROPFIND',
  'PROPPATCH',
  'LOCK',
  'UNLOCK',
  'PATCH',
] as const;

const limitExcept = defineBlock({
  name: 'limit_except',
  context: ['location'],
  args: { methods: arg.oneOf(METHODS).rest(1) },
  block: 'limit_except',
  doc: {
    summary: 'What holds for all methods but those named; GET stands for HEAD too.',
    example: 'limit_except GET POST { deny all; }',
    since: '0.1',
  },
  compile({ methods }, scope, body, line) {
    const location = newLocation({ kind: 'none' }, scope.location.label, line.name);
    const except = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
    scope.location.limitExcept = { methods: [...new Set(except)], location };
    body.open(scope.child('limit_except', { location }, location.own));
  },
});

const largeBuffers = defineDirective({
  name: 'large_client_header_buffers',
  context: SERVER_BLOCKS,
  args: { number: arg.integer({ min: 1 }), size: arg.size() },
  doc: {
    summary:
      'How long a request line and each header field may be (`size`), and how many times that all of them may take.',
    default: 'large_client_header_buffers 4 8k;',
    example: 'large_client_header_buffers 4 16k;',
    since: '0.1',
  },
  compile({ number, size }, scope) {
    if (size < 1) throw new ArgumentFault('a buffer of no bytes holds nothing');
    serverCoreOf(scope).largeHeaderBuffers = { count: number, bytes: size };
  },
});

const tempPath = defineDirective({
  name: 'client_body_temp_path',
  context: BLOCKS,
  args: { path: arg.text('a path'), levels: arg.integer({ max: 3 }).rest(0) },
  doc: {
    summary: 'The folder for bodies of requests that do not fit into memory.',
    default: 'client_body_temp_path client_body_temp;',
    example: 'client_body_temp_path /var/cache/moat/client 1 2;',
    differs: 'Levels of folders below it are accepted and not made.',
    since: '0.1',
  },
  compile({ path, levels }, scope) {
    if (levels.length > 3) throw new ArgumentFault('takes at most three levels');
    scope.set('core', { clientBodyTempPath: scope.prefixPath(path) });
  },
});

export const CORE_CLIENT = [
  limitExcept,
  largeBuffers,
  tempPath,
  serverField('client_header_timeout', 'clientHeaderTimeoutMs', arg.durationMs(), {
    summary: 'How long the head of a request may take to come; then the answer is 408.',
    default: '60s',
    example: '20s',
  }),
  serverField('client_header_buffer_size', 'clientHeaderBufferBytes', arg.size(), {
    summary: 'What most heads of requests fit into; longer ones take `large_client_header_buffers`.',
    default: '1k',
    example: '2k',
  }),
  serverField('max_headers', 'maxHeaders', arg.integer({ min: 1 }), {
    summary: 'How many header fields a request may have.',
    default: '1000',
    example: '200',
  }),
  serverField('underscores_in_headers', 'underscoresInHeaders', arg.flag(), {
    summary: 'Whether names of header fields may have underscores.',
    default: 'off',
    example: 'on',
  }),
  serverField('ignore_invalid_headers', 'ignoreInvalidHeaders', arg.flag(), {
    summary: 'Whether header fields with unusual names are left out, and not passed on.',
    default: 'on',
    example: 'off',
  }),
  serverField('merge_slashes', 'mergeSlashes', arg.flag(), {
    summary: 'Whether several slashes in a URI count as one.',
    default: 'on',
    example: 'off',
  }),
  coreField('client_max_body_size', 'clientMaxBodyBytes', arg.size(), {
    summary: 'How long the body of a request may be; above it the answer is 413. 0 takes any length.',
    default: '1m',
    example: '20m',
  }),
  coreField('client_body_buffer_size', 'clientBodyBufferBytes', arg.size(), {
    summary: 'How much of a body is held in memory before the rest goes to a file.',
    default: '16k',
    example: '128k',
  }),
  coreField('client_body_timeout', 'clientBodyTimeoutMs', arg.durationMs(), {
    summary: 'How long the client may pause within a body; then the answer is 408.',
    default: '60s',
    example: '20s',
  }),
  coreField('client_body_in_file_only', 'clientBodyInFileOnly', arg.oneOf(['on', 'clean', 'off']), {
    summary:
      'Whether bodies always go to a file, which is kept (`on`) or removed with the request (`clean`).',
    default: 'off',
    example: 'clean',
  }),
];
