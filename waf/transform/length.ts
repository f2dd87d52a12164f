/** `t:length`: the length of the value in bytes, in decimal. */
import type { Transform } from './transform.ts';

export const length: Transform = {
  name: 'length',
  doc: 'Replaces the value by its length in bytes.',
  most: value => String(value.length).length,
  run: value => String(value.length),
};
