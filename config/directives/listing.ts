/** `autoindex` and `random_index`: what is answered for a folder. */
import { LISTING_FORMATS } from '#model/l7/listing.ts';
import { arg } from '../argument.ts';
import type { Directive } from '../registry.ts';
import { BLOCKS } from './core-field.ts';
import { defineSetting } from './setting.ts';

export const LISTING: readonly Directive[] = [
  defineSetting('autoindex', BLOCKS, 'listing', 'on', arg.flag(), {
    summary: 'Whether a folder without an index file is answered with a list of what is in it.',
    default: 'autoindex off;',
    example: 'location /pub/ { autoindex on; }',
  }),
  defineSetting('autoindex_exact_size', BLOCKS, 'listing', 'exactSize', arg.flag(), {
    summary: 'Whether the list tells sizes in bytes, or rounded with K, M and G.',
    default: 'autoindex_exact_size on;',
    example: 'autoindex_exact_size off;',
  }),
  defineSetting('autoindex_format', BLOCKS, 'listing', 'format', arg.oneOf(LISTING_FORMATS), {
    summary:
      'The form of the list. `jsonp` calls the function that the argument `callback` names, and is `json` without it.',
    default: 'autoindex_format html;',
    example: 'autoindex_format json;',
  }),
  defineSetting('autoindex_localtime', BLOCKS, 'listing', 'localTime', arg.flag(), {
    summary: 'Whether the list in HTML tells times in the zone of this machine, or in UTC.',
    default: 'autoindex_localtime off;',
    example: 'autoindex_localtime on;',
  }),
  defineSetting('random_index', ['location'], 'listing', 'random', arg.flag(), {
    summary: 'Whether a folder is answered with one of its files, taken at random; hidden ones are left out.',
    default: 'random_index off;',
    example: 'location = / { random_index on; }',
  }),
];
