/** What a turn of the loop writes, to all streams: joined in one piece of memory, listed by stream, sent in one call. */

/** Numbers of an entry: stream, place and length; or one of the orders twice. The same as in native/src/stream.h, which a test compares. */
export const OUT_INTS = 3;
export const OUT_END = -1;
export const OUT_CLOSE = -2;

const OUTPUT_BYTES = 1_048_576;
const MOST_ENTRIES = 1024;

export class StreamOutput {
  readonly memory = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  readonly list = new Int32Array(MOST_ENTRIES * OUT_INTS);
  /** How many are listed. */
  entries = 0;
  #bytes = 0;

  /** Whether so many bytes more have room, or an order. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= OUTPUT_BYTES && this.entries < MOST_ENTRIES;
  }

  /** @param text latin1, for which there is room */
  text(stream: number, text: string): void {
    const { length } = text;
    this.memory.latin1Write(text, this.#bytes, length);
    this.#append(stream, length);
  }

  /** @param data for which there is room: it is copied */
  bytes(stream: number, data: Buffer): void {
    this.memory.set(data, this.#bytes);
    this.#append(stream, data.length);
  }

  /** Bytes for the same stream that lie side by side become one entry, and one system call. */
  #append(stream: number, length: number): void {
    const { list } = this;
    const last = (this.entries - 1) * OUT_INTS;
    if (last >= 0 && list[last] === stream && list[last + 2]! >= 0) list[last + 2] = list[last + 2]! + length;
    else this.#entry(stream, this.#bytes, length);
    this.#bytes += length;
  }

  /** Once all before it is sent. @param what OUT_END or OUT_CLOSE */
  order(stream: number, what: number): void {
    this.#entry(stream, what, what);
  }

  #entry(stream: number, at: number, what: number): void {
    const { list } = this;
    const entry = this.entries++ * OUT_INTS;
    list[entry] = stream;
    list[entry + 1] = at;
    list[entry + 2] = what;
  }

  /** All is sent. @returns a copy of what the list says now, for its place is written anew */
  taken(): Int32Array {
    const results = this.list.slice(0, this.entries * OUT_INTS);
    this.entries = 0;
    this.#bytes = 0;
    return results;
  }
}
