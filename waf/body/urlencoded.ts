/** `a=b&c=d`: names and values of a query or a form. */
import { hexDigit } from '#kit/ascii.ts';

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
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return spaced.includes('%') ? decodePercent(spaced, () => sink.malformed()) : spaced;
}

/** `%xx` → byte. @param malformed is told of each `%` that stays */
export function decodePercent(text: string, malformed?: () => void): string {
  let out = '';
  let from = 0;
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at)) {
    const high = hexDigit(text.charCodeAt(at + 1));
    const low = hexDigit(text.charCodeAt(at + 2));
    if (high < 0 || low < 0) {
      malformed?.();
      at++;
      continue;
    }
    out += text.slice(from, at) + String.fromCharCode(high * 16 + low);
    at += 3;
    from = at;
  }
  return from === 0 ? text : out + text.slice(from);
}
