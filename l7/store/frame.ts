/**
 * Frames of the link between session stores, and the fields in them.
 *
 * ```
 * length of the body, 4 bytes │ kind, 1 byte │ body
 * ```
 *
 * Numbers are big-endian. Texts are latin1, with their length before them.
 */

export const FRAME_BYTES_MOST = 256 * 1024;
const HEAD_BYTES = 5;

/** What came is no frame, or not one of this protocol. */
export class FrameFault extends Error {}

/** Cuts a stream of bytes into frames. It keeps one unfinished frame at most. */
export class FrameReader {
  readonly #take: (kind: number, body: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  /** @param take gets each frame; the body is good until it returns */
  constructor(take: (kind: number, body: Buffer) => void) {
    this.#take = take;
  }

  /** @throws {FrameFault} when a frame is too long */
  push(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEAD_BYTES) {
      const length = bytes.readUInt32BE(0);
      if (length > FRAME_BYTES_MOST) throw new FrameFault(`a frame of ${length} bytes`);
      const end = HEAD_BYTES + length;
      if (bytes.length < end) break;
      this.#take(bytes[4]!, bytes.subarray(HEAD_BYTES, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = Buffer.from(bytes); // a copy: what is left must not hold the chunk
  }
}

/** Reads the fields of a body in their order. */
export class BodyReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#need(1));
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#need(4));
  }

  /** @throws {FrameFault} also for what is not finite */
  f64(): number {
    const value = this.#bytes.readDoubleBE(this.#need(8));
    if (!Number.isFinite(value)) throw new FrameFault('a number that is none');
    return value;
  }

  bytes(length: number): Buffer {
    const at = this.#need(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Of up to 255 bytes. */
  text(): string {
    return this.bytes(this.u8()).toString('latin1');
  }

  /** @throws {FrameFault} when something is left */
  end(): void {
    if (this.left > 0) throw new FrameFault(`${this.left} bytes too many`);
  }

  #need(length: number): number {
    const at = this.#at;
    if (this.left < length) throw new FrameFault('a frame that ends too early');
    this.#at += length;
    return at;
  }
}

/** Writes the fields of one frame after the other. */
export class FrameWriter {
  #bytes = Buffer.alloc(1024);
  #at = HEAD_BYTES;

  /** Bytes of the body so far. */
  get length(): number {
    return this.#at - HEAD_BYTES;
  }

  u8(value: number): this {
    this.#at = this.#room(1).writeUInt8(value, this.#at);
    return this;
  }

  u32(value: number): this {
    this.#at = this.#room(4).writeUInt32BE(value >>> 0, this.#at);
    return this;
  }

  f64(value: number): this {
    this.#at = this.#room(8).writeDoubleBE(value, this.#at);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length).set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** @param value latin1, up to 255 bytes */
  text(value: string): this {
    this.u8(value.length);
    this.#at += this.#room(value.length).latin1Write(value, this.#at);
    return this;
  }

  /** @returns the frame; the next one begins */
  frame(kind: number): Buffer {
    this.#bytes.writeUInt32BE(this.length, 0);
    this.#bytes[4] = kind;
    const frame = Buffer.from(this.#bytes.subarray(0, this.#at));
    this.#at = HEAD_BYTES;
    return frame;
  }

  /** @returns what was written, without a head; the next one begins */
  take(): Buffer {
    const body = Buffer.from(this.#bytes.subarray(HEAD_BYTES, this.#at));
    this.#at = HEAD_BYTES;
    return body;
  }

  #room(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) {
      const larger = Buffer.alloc(2 * (this.#at + length));
      this.#bytes.copy(larger, 0, 0, this.#at);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}
