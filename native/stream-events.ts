/** What happens to streams: the kinds of events that the addon lists, and who is told. */
import type { HeadMarks } from './head-marks.ts';

/** Kinds of events; the same as in native/src/stream.h, which a test compares */
export const EVENT_DATA = 1;
export const EVENT_END = 2;
export const EVENT_CLOSED = 3;
export const EVENT_CONNECTED = 4;
export const EVENT_DRAINED = 5;
export const EVENT_ACCEPTED = 6;
export const EVENT_ACCEPT_FAULT = 7;
export const EVENT_SECURE = 8;
export const EVENT_FAULT = 9;
export const EVENT_INTS = 8;

/** What a stream tells its owner. */
export interface StreamEvents {
  /**
   * @param bytes a view of memory that is used again after the call
   * @param head marks of the head that they begin with; none when there is none, or one to be judged
   */
  streamData(bytes: Buffer, head: HeadMarks | undefined): void;
  streamEnded(): void;
  /** @param errno positive, or 0 */
  streamClosed(errno: number): void;
  streamConnected(): void;
  /** TLS stands. @param alpn the protocol agreed on (RFC 7301), '' for none */
  streamSecure(alpn: string): void;
  /** What is wrong, in words; streamClosed() follows. */
  streamFault(reason: string): void;
  streamDrained(): void;
  /** How many bytes wait after a flush; a negative errno: it can not be written to any more. */
  streamFlushed(pendingBytes: number): void;
}

/** Told of a listener's new connections. */
export interface AcceptEvents {
  accepted(stream: number, address: string, port: number): void;
  /** Accepting stopped (no descriptors left); `resumeAccepting()` starts it again. */
  acceptFault(errno: number): void;
}

/** Told when a batch of events begins and ends. */
export interface BatchEvents {
  begin(): void;
  end(): void;
}
