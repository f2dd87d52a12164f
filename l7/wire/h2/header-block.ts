/** Gathers the header block of a HEADERS frame and of the CONTINUATION frames after it (RFC 9113 §4.3). */
import {
  ConnectionFault,
  END_HEADERS,
  ENHANCE_YOUR_CALM,
  FRAME_SIZE_ERROR,
  PADDED,
  PRIORITY_GIVEN,
  PROTOCOL_ERROR,
} from './frame.ts';

export class HeaderBlock {
  /** The stream whose block is not complete, or 0. */
  stream = 0;
  /** Of the HEADERS frame. */
  flags = 0;
  #parts: Buffer[] = [];
  #bytes = 0;

  /**
   * A HEADERS frame.
   *
   * @returns the block, when that is all of it: a view of the payload
   * @throws {ConnectionFault}
   */
  begin(flags: number, stream: number, payload: Buffer, mostBytes: number): Buffer | undefined {
    const fragment = fragmentOf(flags, payload);
    this.flags = flags;
    if (flags & END_HEADERS) return fragment;
    this.stream = stream;
    this.#gather(fragment, mostBytes);
    return undefined;
  }

  /** A CONTINUATION frame of the same stream. @returns the block, when this ends it. @throws {ConnectionFault} */
  continue(flags: number, payload: Buffer, mostBytes: number): Buffer | undefined {
    this.#gather(payload, mostBytes);
    if (!(flags & END_HEADERS)) return undefined;
    const block = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = this.stream = 0;
    return block;
  }

  #gather(part: Buffer, mostBytes: number): void {
    this.#bytes += part.length;
    if (this.#bytes > mostBytes) throw new ConnectionFault(ENHANCE_YOUR_CALM, 'too large request head');
    this.#parts.push(Buffer.from(part));
  }
}

/** The part of a header block in a HEADERS frame, without padding and priority. */
function fragmentOf(flags: number, payload: Buffer): Buffer {
  const start = (flags & PADDED ? 1 : 0) + (flags & PRIORITY_GIVEN ? 5 : 0);
  if (payload.length < start)
    throw new ConnectionFault(FRAME_SIZE_ERROR, 'HEADERS frame with incorrect length');
  const end = payload.length - (flags & PADDED ? payload[0]! : 0);
  if (end < start) throw new ConnectionFault(PROTOCOL_ERROR, 'padded HEADERS frame with incorrect length');
  return payload.subarray(start, end);
}
