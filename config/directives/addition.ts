/** Puts answers of other locations before and after an answer. */
import { arg } from '../argument.ts';
import type { Directive } from '../registry.ts';
import { BLOCKS } from './core-field.ts';
import { defineMediaTypes } from './media-types.ts';
import { defineSetting } from './setting.ts';

const BARE = 'The request for it has no body; nginx passes that of the client along, where it was read.';

export const ADDITION: readonly Directive[] = [
  defineSetting('add_before_body', BLOCKS, 'addition', 'before', arg.text('a path, or "" for none'), {
    summary: 'Puts before an answer what a request for this path is answered with.',
    example: 'add_before_body /header.html;',
    differs: BARE,
  }),
  defineSetting('add_after_body', BLOCKS, 'addition', 'after', arg.text('a path, or "" for none'), {
    summary: 'Puts behind an answer what a request for this path is answered with.',
    example: 'add_after_body /footer.html;',
    differs: BARE,
  }),
  defineMediaTypes(
    'addition_types',
    'addition',
    'The media types of answers that something is put around.',
    'text/plain',
  ),
];
