/** Reads message bodies off the wire: by length, chunked (RFC 9112 §7.1), or up to the end of the connection. */
import { hexDigit } from '#kit/ascii.ts';

/** Takes the pieces of a body. `data` may be a view of a buffer that is used again after the call: copy what is kept. */
export interface BodyTaker {
  bodyData(data: Buffer): void;
  bodyEnd(): void;
}

export class BodyFault extends Error {}

/** Feeds on raw bytes and hands on what is body; says how many bytes it used, the rest belongs to the next message. */
export interface BodyReader {
  readonly done: boolean;
  /** @returns how many bytes of `bytes` belong to this message. @throws {BodyFault} */
  feed(bytes: Buffer, taker: BodyTaker): number;
  /** The connection ended. @returns true when the body is complete by that */
  finish(taker: BodyTaker): boolean;
}

export class LengthReader implements BodyReader {
  #left: number;

  constructor(lengthBytes: number) {
    this.#left = lengthBytes;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  feed(bytes: Buffer, taker: BodyTaker): number {
    const used = Math.min(bytes.length, this.#left);
    this.#left -= used;
    if (used > 0) taker.bodyData(used === bytes.length ? bytes : bytes.subarray(0, used));
    if (this.#left === 0) taker.bodyEnd();
    return used;
  }

  finish(): boolean {
    return this.#left === 0;
  }
}

/** Up to the end of the connection: only responses may do that (RFC 9112 §6.3 rule 8). */
export class CloseReader implements BodyReader {
  done = false;

  feed(bytes: Buffer, taker: BodyTaker): number {
    if (bytes.length > 0) taker.bodyData(bytes);
    return bytes.length;
  }

  finish(taker: BodyTaker): boolean {
    this.done = true;
    taker.bodyEnd();
    return true;
  }
}

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER_START = 6;
const TRAILER = 7;
const TRAILER_LF = 8;
const END_LF = 9;
const DONE = 10;

const CR = 13;
const LF = 10;
/** 2^48 bytes: far above any body, far below where numbers lose exactness. */
const MOST_SIZE_DIGITS = 12;
const MOST_EXTENSION_BYTES = 4096;
/** What stands between the size and the end of its line (RFC 9112 §7.1.1), bad white space aside: parsers disagree about it. */
const EXTENSION_TEXT =
  /^(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"(?:[^"\\\0-\x08\n-\x1f\x7f]|\\[^\0-\x08\n-\x1f\x7f])*"))?)+$/;
const MOST_TRAILER_BYTES = 16384;

export class ChunkedReader implements BodyReader {
  #state = SIZE;
  #left = 0;
  #digits = 0;
  #extension = '';
  #trailer = '';
  /** The trailer section as received, lines ending CRLF. */
  get trailer(): string {
    return this.#trailer;
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  feed(bytes: Buffer, taker: BodyTaker): number {
    let at = 0;
    while (at < bytes.length && this.#state !== DONE) {
      if (this.#state === DATA) {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        taker.bodyData(bytes.subarray(at, end));
        at = end;
        if (this.#left === 0) this.#state = DATA_CR;
      } else {
        this.#step(bytes[at++]!);
      }
    }
    if (this.#state === DONE) taker.bodyEnd();
    return at;
  }

  finish(): boolean {
    return this.#state === DONE;
  }

  /** One byte of framing. A bare LF is refused here: inside chunked framing parsers disagree about it. */
  #step(byte: number): void {
    switch (this.#state) {
      case SIZE:
        return this.#size(byte);
      case EXTENSION:
        return this.#extend(byte);
      case SIZE_LF:
        if (byte !== LF) throw new BodyFault('bare CR in chunk size');
        this.#state = this.#left === 0 ? TRAILER_START : DATA;
        this.#digits = 0;
        return;
      case DATA_CR:
        if (byte !== CR) throw new BodyFault('chunk data longer than its size');
        this.#state = DATA_LF;
        return;
      case DATA_LF:
        if (byte !== LF) throw new BodyFault('chunk data longer than its size');
        this.#state = SIZE;
        return;
      case TRAILER_START:
        if (byte === CR) this.#state = END_LF;
        else if (byte === LF) throw new BodyFault('bare LF in chunk trailer');
        else {
          this.#state = TRAILER;
          this.#keep(byte);
        }
        return;
      case TRAILER:
        if (byte === CR) this.#state = TRAILER_LF;
        else if (byte === LF || byte === 0) throw new BodyFault('invalid trailer');
        this.#keep(byte);
        return;
      case TRAILER_LF:
        if (byte !== LF) throw new BodyFault('bare CR in chunk trailer');
        this.#keep(byte);
        this.#state = TRAILER_START;
        return;
      default:
        if (byte !== LF) throw new BodyFault('bare CR in chunk trailer');
        this.#state = DONE;
    }
  }

  #size(byte: number): void {
    const digit = hexDigit(byte);
    if (digit !== -1) {
      if (++this.#digits > MOST_SIZE_DIGITS) throw new BodyFault('too large chunk');
      this.#left = this.#left * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw new BodyFault('invalid chunk size');
    if (byte === CR) this.#state = SIZE_LF;
    else if (byte === 59) {
      this.#state = EXTENSION;
      this.#extension = ';';
    } else if (byte !== 32 && byte !== 9) throw new BodyFault('invalid chunk size');
    else throw new BodyFault('blank after chunk size');
  }

  #extend(byte: number): void {
    if (byte !== CR) {
      this.#extension += String.fromCharCode(byte);
      if (this.#extension.length <= MOST_EXTENSION_BYTES) return;
    } else if (EXTENSION_TEXT.test(this.#extension)) {
      this.#state = SIZE_LF;
      this.#extension = '';
      return;
    }
    throw new BodyFault('invalid chunk extension');
  }

  #keep(byte: number): void {
    if (this.#trailer.length >= MOST_TRAILER_BYTES) throw new BodyFault('too large trailer');
    this.#trailer += String.fromCharCode(byte);
  }
}
