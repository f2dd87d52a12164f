/** `t:cmdLine`: undoes the spellings that a shell does not care about. */
import { roomFor } from '../scratch.ts';
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

/** By byte: A to Z in lower case. Shape [256]. */
const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));
const [SPACE, SLASH, PARENTHESIS] = [32, 47, 40];

/** A run of blanks, with what is dropped among them, is one space, and none before `/` and `(`. */
function fold(value: string): string {
  const room = roomFor(value.length);
  let length = 0;
  let isBlank = false;
  let changes = 0;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at) & 255;
    const kind = KIND[code]!;
    if (kind === COPIED) {
      if (isBlank && code !== SLASH && code !== PARENTHESIS) room[length++] = SPACE;
      isBlank = false;
      changes |= code ^ (room[length++] = LOWER[code]!);
    } else if (kind === IS_BLANK) {
      isBlank = true;
      changes |= code ^ SPACE;
    }
  }
  if (isBlank) room[length++] = SPACE;
  return length === value.length && changes === 0 ? value : room.latin1Slice(0, length);
}

/** Never longer than its input. Semantics: the ModSecurity reference manual, "cmdLine". */
export const cmdLine: Transform = {
  name: 'cmdLine',
  doc: 'Drops \\ " \' ^, folds runs of blanks , ; into one space, drops space before / and (, lowers A-Z.',
  reactsTo: REACTS_TO,
  run: fold,
};
