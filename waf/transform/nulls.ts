/** `t:removeNulls` and `t:replaceNulls`: bytes of value 0 dropped, or turned into spaces. */
import type { Transform } from './transform.ts';

export const removeNulls: Transform = {
  name: 'removeNulls',
  doc: 'Drops NUL bytes.',
  reactsTo: '\0',
  run: value => (value.includes('\0') ? value.replaceAll('\0', '') : value),
};

export const replaceNulls: Transform = {
  name: 'replaceNulls',
  doc: 'Turns NUL bytes into spaces.',
  reactsTo: '\0',
  run: value => (value.includes('\0') ? value.replaceAll('\0', ' ') : value),
};
