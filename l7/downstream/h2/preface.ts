/** How a connection begins (RFC 9113 §3.4): what its client says first, and what moat does. */
import type { ServerCore } from '#model/l7/http.ts';
import {
  ConnectionFault,
  DEFAULT_WINDOW_BYTES,
  MOST_FRAME_BYTES,
  MOST_WINDOW_BYTES,
  PREFACE,
  PROTOCOL_ERROR,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_FRAME_SIZE,
  SETTINGS_NO_RFC7540_PRIORITIES,
  settingsFrame,
  windowFrame,
} from '../../wire/h2/frame.ts';

/** moat's settings, and the largest window for the connection: streams have windows of their own. */
export function greeting(core: ServerCore): string {
  const settings: [number, number][] = [
    [SETTINGS_MAX_CONCURRENT_STREAMS, core.http2MaxConcurrentStreams],
    [SETTINGS_INITIAL_WINDOW_SIZE, core.http2BodyPrereadBytes],
    [SETTINGS_MAX_FRAME_SIZE, MOST_FRAME_BYTES],
    [SETTINGS_NO_RFC7540_PRIORITIES, 1],
  ];
  if (core.http2ExtendedConnect) settings.push([SETTINGS_ENABLE_CONNECT_PROTOCOL, 1]);
  return settingsFrame(settings) + windowFrame(0, MOST_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
}

export class PrefaceReader {
  /** How much of it has come. */
  #at = 0;

  /**
   * @returns how many of the bytes belong to the preface
   * @throws {ConnectionFault}
   */
  read(bytes: Buffer): number {
    const at = this.#at;
    if (at === PREFACE.length) return 0;
    const length = Math.min(bytes.length, PREFACE.length - at);
    if (bytes.latin1Slice(0, length) !== PREFACE.slice(at, at + length))
      throw new ConnectionFault(PROTOCOL_ERROR, 'invalid HTTP/2 connection preface');
    this.#at += length;
    return length;
  }
}
