/** `t:cmdLine`: undoes the spellings that a shell does not care about. */

import { lowercase } from './lowercase.ts';
import type { Transform } from './transform.ts';

const DROPPED = '\\"\'^';
const BLANKS = ',;\t\n\v\f\r ';
const REACTS_TO = `${DROPPED}${BLANKS}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;

/** By byte: what is copied, dropped, or a blank. Shape [256]. */
const [COPIED, IS_DROPPED, IS_BLANK] = [0, 1, 2];
const KIND = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if (DROPPED.includes(char)) return IS_DROPPED!;
  return BLANKS.includes(char) ? IS_BLANK! : COPIED!;
});

/** A run of blanks, with what is dropped among them, is one space, and none before `/` and `(`. */
function fold(value: string): string {
  let out = '';
  let copied = 0;
  let isBlank = false;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    const kind = KIND[code & 255]!;
    if (kind === COPIED) {
      if (isBlank && code !== 47 && code !== 40) out += ' ';
      isBlank = false;
      continue;
    }
    if (copied < at) out += value.slice(copied, at);
    copied = at + 1;
    isBlank ||= kind === IS_BLANK;
  }
  return (copied === 0 ? value : out + value.slice(copied)) + (isBlank ? ' ' : '');
}

/** Never longer than its input. Semantics: the ModSecurity reference manual, "cmdLine". */
export const cmdLine: Transform = {
  name: 'cmdLine',
  doc: 'Drops \\ " \' ^, folds runs of blanks , ; into one space, drops space before / and (, lowers A-Z.',
  reactsTo: REACTS_TO,
  run: value => lowercase.run(fold(value)),
};
