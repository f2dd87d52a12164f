/** The Huffman code of header fields (RFC 7541 §5.2, appendix B). */

/**
 * Bits of the code of each byte, and of the end-of-string symbol (256). The code is canonical: among codes of one
 * length the order is that of the symbols, so the lengths say it all.
 */
const RUNS: readonly (readonly [bits: number, times: number])[] = [
  [13, 1],
  [23, 1],
  [28, 7],
  [24, 1],
  [30, 1],
  [28, 2],
  [30, 1],
  [28, 8],
  [30, 1],
  [28, 9], // 0..31
  [6, 1],
  [10, 2],
  [12, 1],
  [13, 1],
  [6, 1],
  [8, 1],
  [11, 1],
  [10, 2],
  [8, 1],
  [11, 1],
  [8, 1],
  [6, 3], // ' '../
  [5, 3],
  [6, 7],
  [7, 1],
  [8, 1],
  [15, 1],
  [6, 1],
  [12, 1],
  [10, 1],
  [13, 1], // 0..@
  [6, 1],
  [7, 22],
  [8, 1],
  [7, 1],
  [8, 1],
  [13, 1],
  [19, 1],
  [13, 1],
  [14, 1],
  [6, 1],
  [15, 1], // A..`
  [5, 1],
  [6, 1],
  [5, 1],
  [6, 1],
  [5, 1],
  [6, 3],
  [5, 1],
  [7, 2],
  [6, 3],
  [5, 1],
  [6, 1],
  [7, 1],
  [6, 1], // a..r
  [5, 2],
  [6, 1],
  [7, 5],
  [15, 1],
  [11, 1],
  [14, 1],
  [13, 1],
  [28, 1], // s..127
  [20, 1],
  [22, 1],
  [20, 2],
  [22, 3],
  [23, 1],
  [22, 1],
  [23, 5],
  [24, 1],
  [23, 1],
  [24, 2], // 128..145
  [22, 1],
  [23, 1],
  [24, 1],
  [23, 4],
  [21, 1],
  [22, 1],
  [23, 1],
  [22, 1],
  [23, 2],
  [24, 1], // 146..159
  [22, 1],
  [21, 1],
  [20, 1],
  [22, 2],
  [23, 2],
  [21, 1],
  [23, 1],
  [22, 2],
  [24, 1],
  [21, 1],
  [22, 1], // 160..173
  [23, 2],
  [21, 2],
  [22, 1],
  [21, 1],
  [23, 1],
  [22, 1],
  [23, 2],
  [20, 1],
  [22, 3],
  [23, 1],
  [22, 2],
  [23, 1], // ..191
  [26, 2],
  [20, 1],
  [19, 1],
  [22, 1],
  [23, 1],
  [22, 1],
  [25, 1],
  [26, 3],
  [27, 2],
  [26, 1],
  [24, 1],
  [25, 1], // ..207
  [19, 1],
  [21, 1],
  [26, 1],
  [27, 2],
  [26, 1],
  [27, 1],
  [24, 1],
  [21, 2],
  [26, 2],
  [28, 1],
  [27, 3], // 208..223
  [20, 1],
  [24, 1],
  [20, 1],
  [21, 1],
  [22, 1],
  [21, 2],
  [23, 1],
  [22, 2],
  [25, 2],
  [24, 2],
  [26, 1],
  [23, 1], // ..239
  [26, 1],
  [27, 1],
  [26, 2],
  [27, 5],
  [28, 1],
  [27, 5],
  [26, 1],
  [30, 1], // 240..256
];

const SYMBOLS = 257;
const END_OF_STRING = 256;
const LENGTHS = Uint8Array.from(RUNS.flatMap(([bits, times]) => new Array<number>(times).fill(bits)));
const CODES = canonicalCodes();

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(SYMBOLS);
  let code = 0;
  for (let bits = 1; bits <= 30; bits++) {
    for (let symbol = 0; symbol < SYMBOLS; symbol++) if (LENGTHS[symbol] === bits) codes[symbol] = code++;
    code *= 2;
  }
  return codes;
}

/**
 * Tables of 256 entries, each for the next eight bits. An entry is `symbol << 4 | bits` of a code that ends here, or,
 * with bits 0, the number of the table for what follows.
 */
const TABLES = decodingTables();

function decodingTables(): Uint16Array[] {
  const tables = [new Uint16Array(256)];
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    let table = tables[0]!;
    let left = LENGTHS[symbol]!;
    const code = CODES[symbol]!;
    while (left > 8) {
      const index = (code >>> (left - 8)) & 255;
      if (table[index] === 0) table[index] = (tables.push(new Uint16Array(256)) - 1) << 4;
      table = tables[table[index]! >> 4]!;
      left -= 8;
    }
    const first = (code << (8 - left)) & 255;
    table.fill((symbol << 4) | left, first, first + (1 << (8 - left)));
  }
  return tables;
}

/** The shortest code has five bits. */
export const mostDecoded = (bytes: number): number => Math.floor((bytes * 8) / 5);

/**
 * Decodes what stands from `from` to `to` into `out`, which must have room for mostDecoded() of it.
 *
 * @returns how many bytes it became, or -1 when it is no string (RFC 7541 §5.2: bad padding, the end symbol)
 */
export function decodeHuffman(bytes: Buffer, from: number, to: number, out: Buffer): number {
  let table = TABLES[0]!;
  let length = 0;
  let held = 0;
  let bits = 0;
  for (let at = from; at < to; at++) {
    held = ((held << 8) | bytes[at]!) & 0xffff;
    bits += 8;
    while (bits >= 8) {
      const entry = table[(held >>> (bits - 8)) & 255]!;
      const used = entry & 15;
      if (used === 0) {
        table = TABLES[entry >> 4]!;
        bits -= 8;
      } else {
        if (entry >> 4 === END_OF_STRING) return -1;
        out[length++] = entry >> 4;
        bits -= used;
        table = TABLES[0]!;
      }
    }
  }
  for (;;) {
    // What is missing of eight bits counts as ones, as the padding is.
    const entry = table[((held << (8 - bits)) | (255 >>> bits)) & 255]!;
    const used = entry & 15;
    if (used === 0 || used > bits) break;
    out[length++] = entry >> 4;
    bits -= used;
    table = TABLES[0]!;
  }
  const padding = (1 << bits) - 1;
  return table === TABLES[0] && (held & padding) === padding ? length : -1;
}

/** Bits of the code of a whole text. @param text latin1 */
function codedBits(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits += LENGTHS[text.charCodeAt(at)]!;
  return bits;
}

/** @returns undefined when the code would be no shorter than the text. @param text latin1 */
export function encodeHuffman(text: string): string | undefined {
  if ((codedBits(text) + 7) >> 3 >= text.length) return undefined;
  let out = '';
  let held = 0;
  let bits = 0;
  for (let at = 0; at < text.length; at++) {
    const symbol = text.charCodeAt(at);
    let left = LENGTHS[symbol]!;
    const code = CODES[symbol]!;
    while (left > 0) {
      const taken = Math.min(left, 8 - bits);
      held = (held << taken) | ((code >>> (left - taken)) & ((1 << taken) - 1));
      bits += taken;
      left -= taken;
      if (bits < 8) continue;
      out += String.fromCharCode(held);
      held = bits = 0;
    }
  }
  if (bits > 0) out += String.fromCharCode((held << (8 - bits)) | (255 >>> bits));
  return out;
}
