/** Frames of HTTP/2 (RFC 9113 §4, §6): their numbers, and how the short ones are written. */

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;
/** RFC 9218 §7.1. */
export const PRIORITY_UPDATE = 16;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
export const PRIORITY_GIVEN = 32;

/** RFC 9113 §7. */
export const NO_ERROR = 0;
export const PROTOCOL_ERROR = 1;
export const INTERNAL_ERROR = 2;
export const FLOW_CONTROL_ERROR = 3;
export const STREAM_CLOSED = 5;
export const FRAME_SIZE_ERROR = 6;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const COMPRESSION_ERROR = 9;
export const CONNECT_ERROR = 10;
export const ENHANCE_YOUR_CALM = 11;

/** RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1. */
export const SETTINGS_HEADER_TABLE_SIZE = 1;
export const SETTINGS_ENABLE_PUSH = 2;
export const SETTINGS_MAX_CONCURRENT_STREAMS = 3;
export const SETTINGS_INITIAL_WINDOW_SIZE = 4;
export const SETTINGS_MAX_FRAME_SIZE = 5;
export const SETTINGS_ENABLE_CONNECT_PROTOCOL = 8;
export const SETTINGS_NO_RFC7540_PRIORITIES = 9;

/** What a client begins with (RFC 9113 §3.4). */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const HEAD_BYTES = 9;
export const DEFAULT_FRAME_BYTES = 16_384;
export const MOST_FRAME_BYTES = 16_777_215;
export const DEFAULT_WINDOW_BYTES = 65_535;
export const MOST_WINDOW_BYTES = 2_147_483_647;
export const MOST_STREAM_ID = 2_147_483_647;

/** A fault that ends the connection: GOAWAY with this code. */
export class ConnectionFault extends Error {
  readonly code: number;
  constructor(code: number, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** Four bytes, the highest first. @param value below 2^32 */
export const word = (value: number): string =>
  String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/** The nine bytes before a payload, as latin1 text. */
export const frameHead = (bytes: number, type: number, flags: number, stream: number): string =>
  String.fromCharCode(
    (bytes >>> 16) & 255,
    (bytes >>> 8) & 255,
    bytes & 255,
    type,
    flags,
    stream >>> 24,
    (stream >>> 16) & 255,
    (stream >>> 8) & 255,
    stream & 255,
  );

export const resetFrame = (stream: number, code: number): string =>
  frameHead(4, RST_STREAM, 0, stream) + word(code);

export const windowFrame = (stream: number, bytes: number): string =>
  frameHead(4, WINDOW_UPDATE, 0, stream) + word(bytes);

export const goAwayFrame = (lastStream: number, code: number): string =>
  frameHead(8, GOAWAY, 0, 0) + word(lastStream) + word(code);

export const SETTINGS_ACK: string = frameHead(0, SETTINGS, ACK, 0);

/** @param pairs numbers and values of settings */
export function settingsFrame(pairs: readonly (readonly [number, number])[]): string {
  const payload = pairs.map(([id, value]) => String.fromCharCode(id >>> 8, id & 255) + word(value)).join('');
  return frameHead(payload.length, SETTINGS, 0, 0) + payload;
}

/** @param payload 8 bytes */
export const pingFrame = (payload: string, flags: number): string => frameHead(8, PING, flags, 0) + payload;

/**
 * A header block in as many frames as it takes.
 *
 * @param flags of the HEADERS frame, without END_HEADERS
 */
export function headersFrames(stream: number, block: string, flags: number, mostBytes: number): string {
  if (block.length <= mostBytes) return frameHead(block.length, HEADERS, flags | END_HEADERS, stream) + block;
  let out = frameHead(mostBytes, HEADERS, flags, stream) + block.slice(0, mostBytes);
  for (let at = mostBytes; at < block.length; at += mostBytes) {
    const part = block.slice(at, at + mostBytes);
    const last = at + mostBytes >= block.length;
    out += frameHead(part.length, CONTINUATION, last ? END_HEADERS : 0, stream) + part;
  }
  return out;
}

export const wordAt = (bytes: Buffer, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
