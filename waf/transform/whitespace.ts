/**
 * `t:compressWhitespace` and `t:removeWhitespace`.
 * White space is C's isspace and 0xA0, the no-break space of Latin-1, which browsers and databases fold too.
 */
import type { Transform } from './transform.ts';

export const compressWhitespace: Transform = {
  name: 'compressWhitespace',
  doc: 'Folds each run of white space (no-break space included) into one space.',
  reactsTo: '\t\n\v\f\r \xa0',
  run: value => (/[\t-\r\xa0]| {2}/.test(value) ? value.replace(/[\t-\r \xa0]+/g, ' ') : value),
};

export const removeWhitespace: Transform = {
  name: 'removeWhitespace',
  doc: 'Drops all white space, the no-break space included.',
  reactsTo: '\t\n\v\f\r \xa0',
  run: value => (/[\t-\r \xa0]/.test(value) ? value.replace(/[\t-\r \xa0]+/g, '') : value),
};
