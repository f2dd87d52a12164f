/** `t:trim`, `t:trimLeft`, `t:trimRight`: white space (as C's isspace) off the ends. */
import { isSpace, type Transform } from './transform.ts';

function afterLeading(value: string): number {
  let at = 0;
  while (at < value.length && isSpace(value.charCodeAt(at))) at++;
  return at;
}

function beforeTrailing(value: string, from: number): number {
  let at = value.length;
  while (at > from && isSpace(value.charCodeAt(at - 1))) at--;
  return at;
}

export const trim: Transform = {
  name: 'trim',
  doc: 'Drops white space at both ends.',
  reactsTo: '\t\n\v\f\r ',
  run(value) {
    const from = afterLeading(value);
    return value.slice(from, beforeTrailing(value, from));
  },
};

export const trimLeft: Transform = {
  name: 'trimLeft',
  doc: 'Drops white space at the start.',
  reactsTo: '\t\n\v\f\r ',
  run: value => value.slice(afterLeading(value)),
};

export const trimRight: Transform = {
  name: 'trimRight',
  doc: 'Drops white space at the end.',
  reactsTo: '\t\n\v\f\r ',
  run: value => value.slice(0, beforeTrailing(value, 0)),
};
