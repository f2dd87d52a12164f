/** `t:none`: drops the transformations that default actions brought; the engine acts on the name, the value stays. */
import type { Transform } from './transform.ts';

export const none: Transform = {
  name: 'none',
  doc: 'Clears the transformations inherited from SecDefaultAction; the value is left as it is.',
  run: value => value,
};
