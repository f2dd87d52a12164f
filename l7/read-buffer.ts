/** The one buffer that all sockets of a worker read into: a read is handled to its end before the next one starts. */

const READ_BYTES = 65_536;

export class ReadBuffer {
  readonly shared: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
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
    return piece.buffer === this.shared.buffer || piece.buffer === this.#arena ? Buffer.from(piece) : piece;
  }
}
