/** Decodes header blocks (RFC 7541), with bounds on what they may become. */
import { COMPRESSION_ERROR, ConnectionFault, ENHANCE_YOUR_CALM, FRAME_SIZE_ERROR } from './frame.ts';
import { decodeHuffman, mostDecoded } from './huffman.ts';
import { STATIC_NAMES, STATIC_SIZE, STATIC_VALUES } from './static-table.ts';

/** The size that a peer's encoder may use until it is told otherwise (RFC 9113 §6.5.2); moat leaves it at that. */
const TABLE_BYTES = 4096;
/** RFC 7541 §4.1. */
const ENTRY_OVERHEAD_BYTES = 32;
/** An integer beyond this is nonsense, and might not fit. */
const MOST_INTEGER_BITS = 28;

export interface BlockLimits {
  /** Of a name, and of a value, as they stand in the block. */
  readonly fieldBytes: number;
  /** Of all names and values, decoded. */
  readonly totalBytes: number;
}

/** Takes the fields of a block in their order. */
export interface FieldTaker {
  /** @param name as sent. @param value latin1 */
  field(name: string, value: string): void;
}

let scratch = Buffer.allocUnsafeSlow(16_384);

export class HpackDecoder {
  /** Dynamic entries, the oldest first; those before #first are evicted. */
  #names: string[] = [];
  #values: string[] = [];
  #first = 0;
  #bytes = 0;
  #limitBytes = TABLE_BYTES;
  #block: Buffer = scratch;
  #at = 0;

  /**
   * Decodes a whole block.
   *
   * @throws {ConnectionFault} when it is broken or exceeds the limits: the state of the decoder is of no use after that
   */
  decode(block: Buffer, limits: BlockLimits, taker: FieldTaker): void {
    this.#block = block;
    this.#at = 0;
    let left = limits.totalBytes;
    let mayResize = true;
    while (this.#at < block.length) {
      const first = block[this.#at]!;
      if (first >= 0x80) {
        const index = this.#integer(0x7f);
        const name = this.#nameAt(index);
        const value = this.#valueAt(index);
        left -= name.length + value.length;
        if (left < 0) throw tooLarge();
        taker.field(name, value);
      } else if (first >= 0x20 && first < 0x40) {
        if (!mayResize)
          throw new ConnectionFault(COMPRESSION_ERROR, 'a table size update within a header block');
        this.#resize(this.#integer(0x1f));
        continue;
      } else {
        const index = this.#integer(first >= 0x40 ? 0x3f : 0x0f);
        const name = index === 0 ? this.#text(limits.fieldBytes) : this.#nameAt(index);
        const value = this.#text(limits.fieldBytes);
        left -= name.length + value.length;
        if (left < 0) throw tooLarge();
        if (first >= 0x40) this.#add(name, value);
        taker.field(name, value);
      }
      mayResize = false;
    }
  }

  /** RFC 7541 §5.1. @param prefix the bits of the first byte that belong to it, all ones */
  #integer(prefix: number): number {
    let value = this.#byte() & prefix;
    if (value < prefix) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte();
      if (shift >= MOST_INTEGER_BITS)
        throw new ConnectionFault(COMPRESSION_ERROR, 'header block with too long integer');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  #byte(): number {
    if (this.#at >= this.#block.length) throw truncated();
    return this.#block[this.#at++]!;
  }

  #text(mostBytes: number): string {
    if (this.#at >= this.#block.length) throw truncated();
    const coded = this.#block[this.#at]! >= 0x80;
    const length = this.#integer(0x7f);
    if (length > mostBytes) throw new ConnectionFault(ENHANCE_YOUR_CALM, 'too large header field');
    const from = this.#at;
    const to = from + length;
    if (to > this.#block.length) throw truncated();
    this.#at = to;
    if (!coded) return this.#block.latin1Slice(from, to);
    if (mostDecoded(length) > scratch.length) scratch = Buffer.allocUnsafeSlow(mostDecoded(length));
    const decoded = decodeHuffman(this.#block, from, to, scratch);
    if (decoded === -1) throw new ConnectionFault(COMPRESSION_ERROR, 'invalid encoded header field');
    return scratch.latin1Slice(0, decoded);
  }

  #nameAt(index: number): string {
    return index > 0 && index <= STATIC_SIZE ? STATIC_NAMES[index]! : this.#names[this.#dynamic(index)]!;
  }

  #valueAt(index: number): string {
    return index > 0 && index <= STATIC_SIZE ? STATIC_VALUES[index]! : this.#values[this.#dynamic(index)]!;
  }

  /** Where an entry of the dynamic table stands: the newest has the lowest index. */
  #dynamic(index: number): number {
    const at = this.#names.length - (index - STATIC_SIZE);
    if (index === 0 || at < this.#first)
      throw new ConnectionFault(COMPRESSION_ERROR, `invalid hpack table index ${index}`);
    return at;
  }

  #add(name: string, value: string): void {
    const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    this.#evict(this.#limitBytes - bytes);
    // RFC 7541 §4.4: what is larger than the table empties it.
    if (bytes > this.#limitBytes) return;
    this.#names.push(name);
    this.#values.push(value);
    this.#bytes += bytes;
  }

  #resize(bytes: number): void {
    if (bytes > TABLE_BYTES)
      throw new ConnectionFault(COMPRESSION_ERROR, `invalid table size update: ${bytes}`);
    this.#limitBytes = bytes;
    this.#evict(bytes);
  }

  /** Lets the oldest go until no more than so many bytes are there. */
  #evict(mostBytes: number): void {
    while (this.#bytes > Math.max(0, mostBytes)) {
      const at = this.#first++;
      this.#bytes -= this.#names[at]!.length + this.#values[at]!.length + ENTRY_OVERHEAD_BYTES;
      this.#names[at] = this.#values[at] = '';
    }
    if (this.#first > 64 && this.#first * 2 > this.#names.length) {
      this.#names = this.#names.slice(this.#first);
      this.#values = this.#values.slice(this.#first);
      this.#first = 0;
    }
  }
}

/** As nginx: a block that ends too early is of a wrong size. */
const truncated = () => new ConnectionFault(FRAME_SIZE_ERROR, 'header block with incorrect length');
const tooLarge = () => new ConnectionFault(ENHANCE_YOUR_CALM, 'too large request head');
