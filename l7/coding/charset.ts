/** Brings bytes of one charset into another, by the tables of `charset_map`. */
import type { CharsetMap } from '#model/l7/charset.ts';

/** Recodes a body piece by piece. */
export interface Recoder {
  /** @param data is read only */
  recode(data: Buffer): Buffer;
  /** What was held back of a character that never ended. */
  end(): Buffer;
}

export interface Recoding {
  /** Whether a body keeps its length. */
  readonly byteForByte: boolean;
  /** For one body. */
  start(): Recoder;
}

const UTF8 = 'utf-8';
const UNKNOWN = 0x3f;
const ASCII = 128;
const NOTHING = Buffer.alloc(0);

/** @returns undefined when no map leads from one to the other. @param from, to lower case */
export function recodingOf(maps: readonly CharsetMap[], from: string, to: string): Recoding | undefined {
  for (const map of maps) {
    if (map.from === from && map.to === to) return to === UTF8 ? toUtf8(map) : byBytes(map.rows);
    if (map.from === to && map.to === from)
      return from === UTF8
        ? fromUtf8(map)
        : byBytes(map.rows.map(([byte, bytes]) => [bytes.charCodeAt(0), String.fromCharCode(byte)]));
  }
  return undefined;
}

function byBytes(rows: CharsetMap['rows']): Recoding {
  const table = new Uint8Array(256).map((_, byte) => (byte < ASCII ? byte : UNKNOWN));
  for (const [byte, bytes] of rows) table[byte] = bytes.charCodeAt(0);
  const recoder: Recoder = {
    recode(data) {
      const out = Buffer.allocUnsafe(data.length);
      for (let at = 0; at < data.length; at++) out[at] = table[data[at]!]!;
      return out;
    },
    end: () => NOTHING,
  };
  return { byteForByte: true, start: () => recoder };
}

function toUtf8({ rows }: CharsetMap): Recoding {
  const table = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte < ASCII ? byte : UNKNOWN));
  for (const [byte, bytes] of rows) table[byte] = bytes;
  const recoder: Recoder = {
    recode(data) {
      let out = '';
      for (let at = 0; at < data.length; at++) out += table[data[at]!]!;
      return Buffer.from(out, 'latin1');
    },
    end: () => NOTHING,
  };
  return { byteForByte: false, start: () => recoder };
}

function fromUtf8({ rows }: CharsetMap): Recoding {
  const table = new Map(
    rows.map(([byte, bytes]) => [Buffer.from(bytes, 'latin1').toString().charCodeAt(0), byte]),
  );
  return { byteForByte: false, start: () => new FromUtf8(table) };
}

/** Characters without a row become `&#N;`, and what is no UTF-8 `?`. */
class FromUtf8 implements Recoder {
  readonly #table: ReadonlyMap<number, number>;
  #held: Buffer = NOTHING;

  constructor(table: ReadonlyMap<number, number>) {
    this.#table = table;
  }

  recode(data: Buffer): Buffer {
    const all = this.#held.length === 0 ? data : Buffer.concat([this.#held, data]);
    this.#held = NOTHING;
    let out = '';
    for (let at = 0; at < all.length; ) {
      const byte = all[at]!;
      if (byte < ASCII) {
        out += String.fromCharCode(byte);
        at++;
        continue;
      }
      const due = lengthOf(byte);
      const there = bytesThere(all, at, due);
      if (there < due && at + there === all.length) {
        this.#held = Buffer.from(all.subarray(at));
        break;
      }
      out += there === due ? this.#character(all, at, due) : '?';
      at += there;
    }
    return Buffer.from(out, 'latin1');
  }

  #character(bytes: Buffer, at: number, count: number): string {
    let code = bytes[at]! & (0x7f >> count);
    for (let more = 1; more < count; more++) code = (code << 6) | (bytes[at + more]! & 0x3f);
    if (count === 1 || code < LEAST_CODE[count]! || code > 0x10ffff) return '?';
    const known = this.#table.get(code);
    return known === undefined ? `&#${code};` : String.fromCharCode(known);
  }

  end(): Buffer {
    return this.#held.length === 0 ? NOTHING : Buffer.of(UNKNOWN);
  }
}

/** What fits into fewer bytes than it takes is no UTF-8. */
const LEAST_CODE: Readonly<Record<number, number>> = { 2: 0x80, 3: 0x800, 4: 0x10000 };

/** How many bytes the character has that begins so; 1 for what begins none. */
function lengthOf(byte: number): number {
  if (byte >= 0xf8 || byte < 0xc2) return 1;
  return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
}

/** How many of its bytes are there; what does not go on with the character is a character of its own. */
function bytesThere(bytes: Buffer, at: number, due: number): number {
  let there = 1;
  while (there < due && (bytes[at + there]! & 0xc0) === 0x80) there++;
  return there;
}
