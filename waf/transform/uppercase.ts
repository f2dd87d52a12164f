/** `t:uppercase`: a to z become A to Z, and no other byte changes. */
import type { Transform } from './transform.ts';

export const uppercase: Transform = {
  name: 'uppercase',
  doc: 'Raises a-z; bytes above 127 stay.',
  reactsTo: 'abcdefghijklmnopqrstuvwxyz',
  changesCaseOnly: true,
  run: value => (/[a-z]/.test(value) ? value.replace(/[a-z]+/g, run => run.toUpperCase()) : value),
};
