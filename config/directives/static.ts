/** Files that lie ready in a content coding, and empty_gif. */
import type { Coding } from '#model/l7/compress.ts';
import { PRECOMPRESSED_MODES } from '#model/l7/precompressed.ts';
import { arg } from '../argument.ts';
import { type Directive, defineDirective } from '../registry.ts';
import { BLOCKS } from './core-field.ts';
import { defineSetting } from './setting.ts';

const emptyGif = defineDirective({
  name: 'empty_gif',
  context: ['location'],
  args: {},
  doc: {
    summary: 'Answers with a transparent picture of one pixel.',
    example: 'location = /_.gif { empty_gif; }',
    since: '0.1',
  },
  compile(_, scope) {
    scope.location.content = { kind: 'empty-gif' };
  },
});

const readyMade = (coding: Coding, ending: string, differs?: string): Directive =>
  defineSetting(`${coding}_static`, BLOCKS, 'precompressed', coding, arg.oneOf(PRECOMPRESSED_MODES), {
    summary: `Sends the file of the same name with \`${ending}\` at its end, where there is one, to clients that take the coding (\`on\`) or to all (\`always\`).`,
    default: `${coding}_static off;`,
    example: `${coding}_static on;`,
    ...(differs !== undefined && { differs }),
  });

const CHOICE =
  'The same as in the module that is known by this name. Where several lie ready, the client gets the one that it gives the highest weight; of equal ones zstd, then brotli, then gzip.';

export const STATIC: readonly Directive[] = [
  emptyGif,
  readyMade('gzip', '.gz'),
  readyMade('brotli', '.br', CHOICE),
  readyMade('zstd', '.zst', CHOICE),
];
