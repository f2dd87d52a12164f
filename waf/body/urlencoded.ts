/** `a=b&c=d`: names and values of a query or a form. */
import { roomFor } from '../scratch.ts';
import { hexByte } from '../transform/transform.ts';

export interface UrlencodedSink {
  /** @returns false to stop reading */
  argument(name: string, value: string): boolean;
  /** A `%` that two hexadecimal digits do not follow; it stays as it is. */
  malformed(): void;
}

/**
 * Reads pairs as servers do: the first `=` parts name and value, `+` is a space, `%xx` a byte.
 *
 * @param separator one char, `&` unless `SecArgumentSeparator` says otherwise
 * @see WHATWG URL, application/x-www-form-urlencoded parsing
 */
export function readUrlencoded(text: string, separator: string, sink: UrlencodedSink): void {
  for (let from = 0; from < text.length; ) {
    const found = text.indexOf(separator, from);
    const end = found < 0 ? text.length : found;
    if (end > from) {
      const equals = text.indexOf('=', from);
      const parted = equals >= 0 && equals < end;
      const name = decode(text.slice(from, parted ? equals : end), sink);
      const value = parted ? decode(text.slice(equals + 1, end), sink) : '';
      if (!sink.argument(name, value)) return;
    }
    from = end + 1;
  }
}

function decode(text: string, sink: UrlencodedSink): string {
  if (text.includes('%')) return decodeLeads(text, SPACE, () => sink.malformed());
  return text.includes('+') ? text.replaceAll('+', ' ') : text;
}

const [PERCENT, PLUS, SPACE] = [37, 43, 32];

/** `%xx` → byte. */
export const decodePercent = (text: string): string => (text.includes('%') ? decodeLeads(text, PLUS) : text);

/** @param plus what stands for a `+` @param malformed is told of each `%` that stays */
function decodeLeads(text: string, plus: number, malformed?: () => void): string {
  const room = roomFor(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let byte = text.charCodeAt(at);
    if (byte === PLUS) byte = plus;
    else if (byte === PERCENT) {
      const decoded = hexByte(text, at + 1);
      if (decoded < 0) malformed?.();
      else {
        byte = decoded;
        at += 2;
      }
    }
    room[length++] = byte;
  }
  return room.latin1Slice(0, length);
}
