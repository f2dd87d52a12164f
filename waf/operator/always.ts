/** `@unconditionalMatch` and `@noMatch`. */
import type { Operator } from './operator.ts';

export const unconditionalMatch: Operator = {
  name: 'unconditionalMatch',
  doc: 'Matches every value.',
  compile: () => ({ match: () => true }),
};

export const noMatch: Operator = {
  name: 'noMatch',
  doc: 'Matches no value.',
  compile: () => ({ match: () => false }),
};
