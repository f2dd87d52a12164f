/** `@eq`, `@ge`, `@gt`, `@le`, `@lt`: numbers compared. */
import type { Operator } from './operator.ts';

/** The whole number at the start of a text, as C's `atoi` reads it; 0 when there is none. */
function integerOf(text: string): number {
  // Nearly all are a digit or two.
  const first = text.charCodeAt(0) - 48;
  if (text.length === 1) return first >= 0 && first <= 9 ? first : 0;
  const digits = /^[\t-\r ]*([+-]?[0-9]+)/.exec(text)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/** The value stands left: `@gt 5` matches 6. */
const comparison = (
  name: string,
  words: string,
  holds: (value: number, limit: number) => boolean,
): Operator => ({
  name,
  doc: `Matches numbers ${words} the argument; text that is no number counts as 0.`,
  compile(argument, context) {
    const template = context.template(argument);
    if (template.constant === undefined) {
      return { match: (value, scope) => holds(integerOf(value), integerOf(template.expand(scope))) };
    }
    const limit = integerOf(template.constant);
    return { match: value => holds(integerOf(value), limit) };
  },
});

export const eq = comparison('eq', 'equal to', (value, limit) => value === limit);
export const ge = comparison('ge', 'of at least', (value, limit) => value >= limit);
export const gt = comparison('gt', 'above', (value, limit) => value > limit);
export const le = comparison('le', 'of at most', (value, limit) => value <= limit);
export const lt = comparison('lt', 'below', (value, limit) => value < limit);
