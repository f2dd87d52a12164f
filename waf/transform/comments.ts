/** `t:removeComments`, `t:removeCommentsChar`, `t:replaceComments`: what SQL, C, shells and HTML call a comment. */
import { type Cursor, replaceAt, type Transform } from './transform.ts';

/** Moves past the comment that opens at the cursor; an open one lasts to the end. */
function skip(value: string, cursor: Cursor, opener: string, closer: string): boolean {
  const end = value.indexOf(closer, cursor.at + opener.length);
  cursor.at = end < 0 ? value.length : end + closer.length;
  return end >= 0;
}

/** A space where a comment never ends, so that words on both sides stay apart. */
const closedOr = (isClosed: boolean): string => (isClosed ? '' : ' ');

export const removeComments: Transform = {
  name: 'removeComments',
  doc: 'Drops /*...*/ and <!--...-->, and all that follows -- or #.',
  reactsTo: '#-/',
  run(value) {
    if (!/[#]|--|\/\*/.test(value)) return value;
    let out = '';
    const cursor: Cursor = { at: 0 };
    while (cursor.at < value.length) {
      if (value.startsWith('/*', cursor.at)) out += closedOr(skip(value, cursor, '/*', '*/'));
      else if (value.startsWith('<!--', cursor.at)) out += closedOr(skip(value, cursor, '<!--', '-->'));
      else if (value[cursor.at] === '#' || value.startsWith('--', cursor.at)) return out;
      else out += value[cursor.at++];
    }
    return out;
  },
};

export const removeCommentsChar: Transform = {
  name: 'removeCommentsChar',
  doc: 'Drops the marks of comments: /* */ <!-- --> -- #.',
  reactsTo: '#-*/',
  run: value => (/[#]|--|\*\/|\/\*/.test(value) ? value.replace(/\/\*|\*\/|<!--|-->|--|#/g, '') : value),
};

export const replaceComments: Transform = {
  name: 'replaceComments',
  doc: 'Turns each /*...*/ into one space, one that never ends too; a lone */ stays.',
  reactsTo: '/',
  run: value =>
    replaceAt(value, '/*', (text, cursor) => {
      skip(text, cursor, '/*', '*/');
      return ' ';
    }),
};
