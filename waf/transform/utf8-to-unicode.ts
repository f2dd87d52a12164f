/** `t:utf8toUnicode`: UTF-8 sequences (RFC 3629) written as `%uHHHH`, for `t:urlDecodeUni` to read. */
import type { Transform } from './transform.ts';

interface Sequence {
  readonly bytes: number;
  readonly code: number;
}

const continuation = (value: string, at: number): number => {
  const byte = value.charCodeAt(at);
  return (byte & 0xc0) === 0x80 ? byte & 0x3f : -1;
};

/** The smallest code point that needs so many bytes; less is an overlong form. */
const SMALLEST = [0, 0, 0x80, 0x800, 0x10000];

const lengthOf = (lead: number): number => ((lead & 0xe0) === 0xc0 ? 2 : (lead & 0xf0) === 0xe0 ? 3 : 4);

/** Reads the sequence at `at`, overlong ones and surrogates too; undefined when a continuation is missing. */
function readSequence(value: string, at: number): Sequence | undefined {
  const lead = value.charCodeAt(at);
  const bytes = lengthOf(lead);
  let code = lead & (0xff >> (bytes + 1));
  for (let next = 1; next < bytes; next++) {
    const bits = continuation(value, at + next);
    if (bits < 0) return undefined;
    code = code * 64 + bits;
  }
  return { bytes, code };
}

/** What no decoder should accept keeps its lead byte after the code, so that rules on raw bytes still see it. */
const isForbidden = ({ bytes, code }: Sequence): boolean =>
  code < SMALLEST[bytes]! || (code >= 0xd800 && code <= 0xdfff);

/** The leads 0xC0..0xF7 begin sequences; other bytes stand for themselves. */
function rewrite(value: string): string {
  let out = '';
  for (let at = 0; at < value.length; ) {
    const byte = value.charCodeAt(at);
    const char = value[at]!;
    if (byte < 0xc0 || byte > 0xf7) {
      if (byte !== 0) out += char;
      at++;
      continue;
    }
    if (byte >= 0xf5) out += char;
    const sequence = readSequence(value, at);
    at += sequence?.bytes ?? 1;
    if (sequence === undefined) continue;
    out += `%u${sequence.code.toString(16).padStart(4, '0')}`;
    if (isForbidden(sequence)) out += char;
  }
  return out;
}

/** NUL, and what begins a sequence. */
const REACTS_TO = String.fromCharCode(0, ...Array.from({ length: 0xf8 - 0xc0 }, (_, at) => 0xc0 + at));

/** Semantics: ModSecurity. A lead without its continuations is dropped, and so are NUL bytes. */
export const utf8toUnicode: Transform = {
  name: 'utf8toUnicode',
  doc: 'Writes UTF-8 sequences as %uHHHH; drops incomplete ones and NUL bytes.',
  reactsTo: REACTS_TO,
  most: value => 7 * value.length,
  run: value => (/[\0\xc0-\xf7]/.test(value) ? rewrite(value) : value),
};
