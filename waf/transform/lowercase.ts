/** `t:lowercase`: A to Z become a to z, and no other byte changes. */
import type { Transform } from './transform.ts';

// String.toLowerCase knows Latin-1 letters too (0xC0..0xDE), which are parts of UTF-8 here: only runs of A-Z go there.
export const lowercase: Transform = {
  name: 'lowercase',
  doc: 'Lowers A-Z; bytes above 127 stay.',
  reactsTo: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  changesCaseOnly: true,
  run: value =>
    /[\xc0-\xde]/.test(value) ? value.replace(/[A-Z]+/g, run => run.toLowerCase()) : value.toLowerCase(),
};
