/** Operators that compare text, byte by byte and with regard to case. */
import type { Operator } from './operator.ts';

/** `isNeeded` tells that every match holds the argument, so that its absence settles the matter. */
function textual(
  name: string,
  doc: string,
  isNeeded: boolean,
  holds: (value: string, argument: string) => boolean,
): Operator {
  return {
    name,
    doc,
    compile(argument, context) {
      const template = context.template(argument);
      const constant = template.constant;
      if (constant === undefined) return { match: (value, scope) => holds(value, template.expand(scope)) };
      const words = isNeeded && constant !== '' ? { words: [constant] } : {};
      return { match: value => holds(value, constant), ...words };
    },
  };
}

const isLetterAt = (text: string, at: number): boolean => /[A-Za-z]/.test(text[at] ?? '');

/** Between letters an occurrence is a part of another word. */
function containsAsWord(value: string, word: string): boolean {
  if (word === '') return true;
  for (let at = value.indexOf(word); at >= 0; at = value.indexOf(word, at + 1)) {
    if (!isLetterAt(value, at - 1) && !isLetterAt(value, at + word.length)) return true;
  }
  return false;
}

export const beginsWith = textual(
  'beginsWith',
  'Matches values that begin with the argument.',
  true,
  (value, argument) => value.startsWith(argument),
);
export const contains = textual(
  'contains',
  'Matches values that hold the argument.',
  true,
  (value, argument) => value.includes(argument),
);
export const containsWord = textual(
  'containsWord',
  'Matches values that hold the argument with no letter before or after it.',
  true,
  containsAsWord,
);
export const endsWith = textual(
  'endsWith',
  'Matches values that end with the argument.',
  true,
  (value, argument) => value.endsWith(argument),
);
export const streq = textual(
  'streq',
  'Matches values that are the argument.',
  true,
  (value, argument) => value === argument,
);
export const strmatch = textual(
  'strmatch',
  'Matches values that hold the argument, as @contains.',
  true,
  (value, argument) => value.includes(argument),
);
export const within = textual(
  'within',
  'Matches values that are part of the argument; empty ones too.',
  false,
  (value, argument) => argument.includes(value),
);
