/** Cuts what the other side sends into frames (RFC 9113 §4.1). DATA passes in pieces, as it comes; other frames are gathered whole. */
import {
  CONTINUATION,
  ConnectionFault,
  DATA,
  ENHANCE_YOUR_CALM,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEAD_BYTES,
  HEADERS,
  PADDED,
  PRIORITY_UPDATE,
  PROTOCOL_ERROR,
  SETTINGS,
  wordAt,
} from './frame.ts';

export interface FrameTaker {
  /** @param payload a view of memory that is used again after the call */
  frame(type: number, flags: number, stream: number, payload: Buffer): void;
  /** A DATA frame begins. @param bytes of its payload, padding and all: what counts for flow control */
  dataBegin(flags: number, stream: number, bytes: number): void;
  /** @param data without padding; a view */
  dataPiece(data: Buffer): void;
  dataEnd(): void;
}

/** Far above any SETTINGS that means something; header blocks have a bound of their own. */
const MOST_CONTROL_BYTES = 16_384;

/** The type that skipped frames are handed on with. */
const UNKNOWN = 255;

/** Frames of which moat knows nothing, and those that may be long and say little. */
const isSkipped = (type: number, length: number): boolean =>
  type > CONTINUATION
    ? type !== PRIORITY_UPDATE || length > MOST_CONTROL_BYTES
    : type === GOAWAY && length > MOST_CONTROL_BYTES;

export class FrameReader {
  readonly #taker: FrameTaker;
  /** A part of a frame that is gathered. */
  #held: Buffer | undefined;
  /** Of a DATA frame, or of one that is skipped. */
  #dataLeft = 0;
  #padLeft = 0;
  #inData = false;
  /** Set by who takes the frames: a connection that ends reads no more of them. */
  stopped = false;

  constructor(taker: FrameTaker) {
    this.#taker = taker;
  }

  /** The stream whose HEADERS or CONTINUATION frame has come in part, or 0. */
  get partialBlock(): number {
    const held = this.#held;
    if (!held || held.length < HEAD_BYTES || (held[3] !== HEADERS && held[3] !== CONTINUATION)) return 0;
    return wordAt(held, 5) & 0x7fffffff;
  }

  /** True within a frame. */
  get partial(): boolean {
    return this.#held !== undefined || this.#inData || this.#padLeft > 0;
  }

  /**
   * @param mostBlockBytes of a HEADERS or CONTINUATION frame
   * @throws {ConnectionFault}
   */
  feed(bytes: Buffer, mostBlockBytes: number): void {
    const all = this.#held ? Buffer.concat([this.#held, bytes]) : bytes;
    this.#held = undefined;
    let at = 0;
    while (at < all.length && !this.stopped) {
      if (this.#inData || this.#padLeft > 0) {
        at = this.#pass(all, at);
        continue;
      }
      const next = this.#read(all, at, mostBlockBytes);
      if (next === -1) {
        // The frame goes on in what comes later.
        this.#held = Buffer.from(all.subarray(at));
        return;
      }
      at = next;
    }
  }

  /** @returns where the next frame begins, or -1 when this one is not complete */
  #read(all: Buffer, at: number, mostBlockBytes: number): number {
    if (all.length - at < HEAD_BYTES) return -1;
    const length = (all[at]! << 16) | (all[at + 1]! << 8) | all[at + 2]!;
    const type = all[at + 3]!;
    const flags = all[at + 4]!;
    const start = at + HEAD_BYTES;
    if (type === DATA) return this.#beginData(all, start, length, flags, wordAt(all, at + 5) & 0x7fffffff);
    if (isSkipped(type, length)) {
      this.#taker.frame(UNKNOWN, flags, wordAt(all, at + 5) & 0x7fffffff, all.subarray(start, start));
      this.#padLeft = length;
      return start;
    }
    this.#judgeLength(type, length, mostBlockBytes);
    const end = start + length;
    if (end > all.length) return -1;
    this.#taker.frame(type, flags, wordAt(all, at + 5) & 0x7fffffff, all.subarray(start, end));
    return end;
  }

  #judgeLength(type: number, length: number, mostBlockBytes: number): void {
    const block = type === HEADERS || type === CONTINUATION;
    if (block && length > mostBlockBytes)
      throw new ConnectionFault(ENHANCE_YOUR_CALM, 'too large request head');
    if (!block && length > MOST_CONTROL_BYTES)
      throw new ConnectionFault(
        FRAME_SIZE_ERROR,
        type === SETTINGS ? 'too large SETTINGS frame' : 'too large frame',
      );
  }

  #beginData(all: Buffer, at: number, length: number, flags: number, stream: number): number {
    let start = at;
    let padding = 0;
    if (flags & PADDED) {
      if (length === 0)
        throw new ConnectionFault(FRAME_SIZE_ERROR, 'padded DATA frame with incorrect length');
      if (at === all.length) return -1;
      padding = all[at]!;
      start++;
      if (padding >= length)
        throw new ConnectionFault(PROTOCOL_ERROR, 'padded DATA frame with incorrect length');
    }
    this.#dataLeft = length - padding - (start - at);
    this.#padLeft = padding;
    this.#inData = true;
    this.#taker.dataBegin(flags, stream, length);
    if (this.#dataLeft === 0) this.#endData();
    return start;
  }

  /** What is left of a DATA frame, and the bytes to skip. */
  #pass(all: Buffer, at: number): number {
    if (!this.#inData) {
      const skipped = Math.min(this.#padLeft, all.length - at);
      this.#padLeft -= skipped;
      return at + skipped;
    }
    const end = Math.min(all.length, at + this.#dataLeft);
    this.#dataLeft -= end - at;
    this.#taker.dataPiece(all.subarray(at, end));
    if (this.#dataLeft === 0) this.#endData();
    return end;
  }

  #endData(): void {
    this.#inData = false;
    this.#taker.dataEnd();
  }
}
