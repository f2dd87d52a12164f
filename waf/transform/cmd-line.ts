/** `t:cmdLine`: undoes the spellings that a shell does not care about. */

import { lowercase } from './lowercase.ts';
import type { Transform } from './transform.ts';

/** Never longer than its input. Semantics: the ModSecurity reference manual, "cmdLine". */
export const cmdLine: Transform = {
  name: 'cmdLine',
  doc: 'Drops \\ " \' ^, folds runs of blanks , ; into one space, drops space before / and (, lowers A-Z.',
  reactsTo: '\\"\'^,;\t\n\v\f\r ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  run(value) {
    if (!/[\\"'^,;\t-\r A-Z]/.test(value)) return value;
    const folded = value
      .replace(/[\\"'^]+/g, '')
      .replace(/[,;\t-\r ]+/g, ' ')
      .replace(/ (?=[/(])/g, '');
    return lowercase.run(folded);
  },
};
