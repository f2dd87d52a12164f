/** `t:utf8toUnicode`: UTF-8 sequences (RFC 3629) written as `%uHHHH`, for `t:urlDecodeUni` to read. */
import { roomFor } from '../scratch.ts';
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

/** So many bytes one of the value becomes at the most, and what all of them do: `%u`, four digits and a lead for two. */
const GROWTH = 7;
const GROWTH_OF_ALL = 3.5;
const DIGITS = '0123456789abcdef';

/** Writes `%uHHHH`, or more digits where the code needs them. @returns where it ends */
function writeCode(room: Buffer, start: number, code: number): number {
  const digits = code > 0xfffff ? 6 : code > 0xffff ? 5 : 4;
  let at = start;
  room[at++] = PERCENT;
  room[at++] = SMALL_U;
  for (let shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    room[at++] = DIGITS.charCodeAt((code >>> shift) & 15);
  return at;
}

const [PERCENT, SMALL_U] = [37, 117];

/** The leads 0xC0..0xF7 begin sequences; other bytes stand for themselves. */
function rewrite(value: string): string {
  const room = roomFor(Math.ceil(GROWTH_OF_ALL * value.length));
  let length = 0;
  for (let at = 0; at < value.length; ) {
    const byte = value.charCodeAt(at);
    if (byte < 0xc0 || byte > 0xf7) {
      if (byte !== 0) room[length++] = byte;
      at++;
      continue;
    }
    if (byte >= 0xf5) room[length++] = byte;
    const sequence = readSequence(value, at);
    at += sequence?.bytes ?? 1;
    if (sequence === undefined) continue;
    length = writeCode(room, length, sequence.code);
    if (isForbidden(sequence)) room[length++] = byte;
  }
  return room.latin1Slice(0, length);
}

/** NUL, and what begins a sequence. */
const REACTS_TO = String.fromCharCode(0, ...Array.from({ length: 0xf8 - 0xc0 }, (_, at) => 0xc0 + at));

/** Semantics: ModSecurity. A lead without its continuations is dropped, and so are NUL bytes. */
export const utf8toUnicode: Transform = {
  name: 'utf8toUnicode',
  doc: 'Writes UTF-8 sequences as %uHHHH; drops incomplete ones and NUL bytes.',
  reactsTo: REACTS_TO,
  most: value => GROWTH * value.length,
  run: value => (/[\0\xc0-\xf7]/.test(value) ? rewrite(value) : value),
};
