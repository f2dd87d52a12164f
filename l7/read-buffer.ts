/** The buffers that all sockets and all files of a worker are read into: a read is handled to its end before the next one starts. */

const READ_BYTES = 65_536;
const FILE_BYTES = 131_072;

export class ReadBuffer {
  readonly shared: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  /** For files: they are read while a piece of `shared` may still be in use. */
  readonly files: Buffer = Buffer.allocUnsafeSlow(FILE_BYTES);
  readonly #arena: ArrayBufferLike;

  /** @param arena other memory that is used again after each turn: that of the native streams */
  constructor(arena: ArrayBufferLike) {
    this.#arena = arena;
  }

  /** What a read of so many bytes left in the shared buffer. */
  view(bytes: number): Buffer {
    return this.shared.subarray(0, bytes);
  }

  /** For those who hold on to a piece after the call: a copy, if it lies in memory that is used again. */
  keep(piece: Buffer): Buffer {
    const { buffer } = piece;
    const reused = buffer === this.shared.buffer || buffer === this.#arena || buffer === this.files.buffer;
    return reused ? Buffer.from(piece) : piece;
  }
}
