/** Compression of answers: gzip, brotli, zstd, and gunzip for clients that take none. */
import type { Coding } from '#model/l7/compress.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { type Directive, defineDirective } from '../registry.ts';
import { BLOCKS, BLOCKS_AND_IF } from './core-field.ts';
import { GZIP_ONLY } from './gzip.ts';
import { defineMediaTypes } from './media-types.ts';
import { defineSetting } from './setting.ts';

/** What tells a coding from the others. */
interface Traits {
  /** Its name in Accept-Encoding. */
  readonly token: string;
  readonly levels: { readonly min: number; readonly max: number };
  readonly level: number;
  readonly differs?: string;
}

const CHOICE =
  'The same as in the module that is known by this name. Where several codings are on, the client gets the one that it gives the highest weight; of equal ones zstd, then brotli, then gzip.';

/** The directives that all codings have. */
const codingDirectives = (
  coding: Coding,
  { token, levels, level, differs }: Traits,
): readonly Directive[] => [
  defineSetting(coding, BLOCKS_AND_IF, coding, 'enabled', arg.flag(), {
    summary: `Whether answers of status 200, 403 and 404 are compressed for clients whose Accept-Encoding has \`${token}\`. What was compressed so far is sent whenever the source of the answer pauses.`,
    default: `${coding} off;`,
    example: `${coding} on;`,
    ...(differs !== undefined && { differs }),
  }),
  defineMediaTypes(
    `${coding}_types`,
    coding,
    'The media types that are compressed, beside text/html; `*` stands for all.',
    'text/css application/javascript application/json',
  ),
  defineSetting(`${coding}_comp_level`, BLOCKS, coding, 'level', arg.integer(levels), {
    summary: `How hard to try, from ${levels.min} (quick) to ${levels.max} (small). Each worker compresses between its other work: high levels make others wait.`,
    default: `${coding}_comp_level ${level};`,
    example: `${coding}_comp_level ${level + 1};`,
  }),
  defineSetting(`${coding}_min_length`, BLOCKS, coding, 'minLengthBytes', arg.size(), {
    summary: 'Answers that are known to be shorter are left as they are.',
    default: `${coding}_min_length 20;`,
    example: `${coding}_min_length 1k;`,
  }),
  inertBuffers(`${coding}_buffers`),
];

/** Number and size of output buffers: there is one for all answers, and what it holds goes on at once. */
function inertBuffers(name: string): Directive {
  return defineDirective({
    name,
    context: BLOCKS,
    args: { number: arg.integer({ min: 1 }), size: arg.size() },
    doc: {
      summary: 'Accepted for nginx configurations, without effect. What is ready goes on at once.',
      example: `${name} 32 4k;`,
      since: '0.1',
    },
    compile() {},
  });
}

const brotliWindow = defineDirective({
  name: 'brotli_window',
  context: BLOCKS,
  args: { size: arg.size() },
  doc: {
    summary: 'How far back brotli looks for repetitions: a power of two from 1k to 16m.',
    default: 'brotli_window 512k;',
    example: 'brotli_window 1m;',
    since: '0.1',
  },
  compile({ size }, scope) {
    if (size < 1024 || size > 16 * 1024 ** 2 || !Number.isInteger(Math.log2(size)))
      throw new ArgumentFault(`${size} is not a power of two from 1k to 16m`);
    scope.set('brotli', { windowBytes: size });
  },
});

export const COMPRESS: readonly Directive[] = [
  ...codingDirectives('gzip', { token: 'gzip', levels: { min: 1, max: 9 }, level: 1 }),
  ...GZIP_ONLY,
  inertBuffers('gunzip_buffers'),
  ...codingDirectives('brotli', { token: 'br', levels: { min: 0, max: 11 }, level: 6, differs: CHOICE }),
  brotliWindow,
  ...codingDirectives('zstd', { token: 'zstd', levels: { min: 1, max: 22 }, level: 1, differs: CHOICE }),
];
