/** What a frame must be whatever came before it: on which streams it may stand, and how long it is (RFC 9113 §6). */
import {
  ACK,
  ConnectionFault,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  PING,
  PRIORITY,
  PRIORITY_UPDATE,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frame.ts';

/**
 * @param bytes of the payload
 * @throws {ConnectionFault}
 */
export function checkFrame(type: number, flags: number, stream: number, bytes: number): void {
  switch (type) {
    case HEADERS:
      return identifier(stream % 2 === 1, 'HEADERS');
    case RST_STREAM:
      return length(bytes === 4, 'RST_STREAM');
    case WINDOW_UPDATE:
      return length(bytes === 4, 'WINDOW_UPDATE');
    case SETTINGS:
      return checkSettings(flags, stream, bytes);
    case PING:
      identifier(stream === 0, 'PING');
      return length(bytes === 8, 'PING');
    case PRIORITY:
      identifier(stream !== 0, 'PRIORITY');
      return length(bytes === 5, 'PRIORITY');
    case PRIORITY_UPDATE:
      length(bytes >= 4, 'PRIORITY_UPDATE');
      return identifier(stream === 0, 'PRIORITY_UPDATE');
    case GOAWAY:
      identifier(stream === 0, 'GOAWAY');
      return length(bytes >= 8, 'GOAWAY');
    case PUSH_PROMISE:
      throw new ConnectionFault(PROTOCOL_ERROR, 'PUSH_PROMISE frame');
  }
}

function checkSettings(flags: number, stream: number, bytes: number): void {
  identifier(stream === 0, 'SETTINGS');
  if (flags & ACK && bytes !== 0)
    throw new ConnectionFault(FRAME_SIZE_ERROR, 'SETTINGS frame with the ACK flag and nonzero length');
}

/** @throws {ConnectionFault} when `right` is false: the frame stands on a stream where it may not */
export function identifier(right: boolean, frame: string): void {
  if (!right) throw new ConnectionFault(PROTOCOL_ERROR, `${frame} frame with incorrect identifier`);
}

function length(right: boolean, frame: string): void {
  if (!right) throw new ConnectionFault(FRAME_SIZE_ERROR, `${frame} frame with incorrect length`);
}
