/** Replaces texts in answers. */
import { ArgumentFault, arg } from '../argument.ts';
import { type Context, type Directive, defineDirective } from '../registry.ts';
import { defineMediaTypes } from './media-types.ts';
import { defineSetting } from './setting.ts';

const EVERYWHERE: readonly Context[] = ['http', 'server', 'location'];

const subFilter = defineDirective({
  name: 'sub_filter',
  context: EVERYWHERE,
  repeats: true,
  args: { from: arg.template('a text'), to: arg.template('what replaces it') },
  doc: {
    summary: 'Replaces a text in answers, in any case of its letters. Several lines look for several texts.',
    example: "sub_filter '</head>' '<script src=\"/stat.js\"></script></head>';",
    since: '0.1',
  },
  compile({ from, to }, scope) {
    if (from === '') throw new ArgumentFault('looks for an empty text');
    scope.append('sub', 'rules', { from, to });
  },
});

export const SUB: readonly Directive[] = [
  subFilter,
  defineMediaTypes(
    'sub_filter_types',
    'sub',
    'The media types of answers in which texts are replaced.',
    'text/css',
  ),
  defineSetting('sub_filter_once', EVERYWHERE, 'sub', 'once', arg.flag(), {
    summary: 'Whether each text is replaced only where it stands first.',
    default: 'sub_filter_once on;',
    example: 'sub_filter_once off;',
  }),
  defineSetting('sub_filter_last_modified', EVERYWHERE, 'sub', 'keepLastModified', arg.flag(), {
    summary: 'Whether Last-Modified of a changed answer stays.',
    default: 'sub_filter_last_modified off;',
    example: 'sub_filter_last_modified on;',
  }),
];
