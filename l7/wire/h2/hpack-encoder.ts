/** Encodes header fields (RFC 7541) without a dynamic table, as nginx does: nothing is kept for a connection. */
import { detached } from '#kit/detached.ts';
import { encodeHuffman } from './huffman.ts';
import { STATIC_INDEX, STATIC_NAMES, STATIC_SIZE, STATIC_VALUES } from './static-table.ts';

/** Texts encoded before, each with its length; emptied when full, since strangers choose some of them. */
const ENCODED = new Map<string, string>();
const MOST_ENCODED = 4096;
const MOST_KEPT_BYTES = 128;

/** Names encoded before: the start of a field, up to its value. */
const NAMES = new Map<string, string>();

/** RFC 7541 §5.1. @param first what else is in the first byte. @param prefix the bits that are left in it, all ones */
function integer(value: number, first: number, prefix: number): string {
  if (value < prefix) return String.fromCharCode(first | value);
  let out = String.fromCharCode(first | prefix);
  let rest = value - prefix;
  for (; rest >= 128; rest >>>= 7) out += String.fromCharCode((rest & 127) | 128);
  return out + String.fromCharCode(rest);
}

/** RFC 7541 §5.2: by the Huffman code where that is shorter. @param text latin1 */
function encodeText(text: string): string {
  const coded = encodeHuffman(text);
  return coded === undefined ? integer(text.length, 0, 127) + text : integer(coded.length, 128, 127) + coded;
}

function keptText(text: string): string {
  if (text.length > MOST_KEPT_BYTES) return encodeText(text);
  let encoded = ENCODED.get(text);
  if (encoded !== undefined) return encoded;
  if (ENCODED.size >= MOST_ENCODED) ENCODED.clear();
  encoded = encodeText(text);
  ENCODED.set(detached(text), encoded);
  return encoded;
}

/** A literal that is not indexed (RFC 7541 §6.2.2), up to its value. */
function encodeName(name: string): string {
  let start = NAMES.get(name);
  if (start !== undefined) return start;
  const index = STATIC_INDEX.get(name);
  start = index === undefined ? `\0${encodeText(name)}` : integer(index, 0, 15);
  if (NAMES.size < MOST_ENCODED && name.length <= MOST_KEPT_BYTES) NAMES.set(detached(name), start);
  return start;
}

/** A field as bytes of a header block. @param name lower case. @param value latin1 */
export const encodeField = (name: string, value: string): string => encodeName(name) + keptText(value);

/** `:status` of each status used before. */
const STATUSES: string[] = [];

/** The status that a header block begins with. */
export const encodeStatus = (status: number): string => (STATUSES[status] ??= newStatus(status));

function newStatus(status: number): string {
  const text = String(status).padStart(3, '0');
  for (let index = 1; index <= STATIC_SIZE; index++)
    if (STATIC_NAMES[index] === ':status' && STATIC_VALUES[index] === text)
      return String.fromCharCode(128 | index);
  return encodeName(':status') + encodeText(text);
}
