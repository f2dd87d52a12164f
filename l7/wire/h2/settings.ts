/** What the other side's SETTINGS say, as far as moat heeds them (RFC 9113 §6.5). */
import {
  ConnectionFault,
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  MOST_FRAME_BYTES,
  MOST_WINDOW_BYTES,
  PROTOCOL_ERROR,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_HEADER_TABLE_SIZE,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_FRAME_SIZE,
  SETTINGS_NO_RFC7540_PRIORITIES,
  wordAt,
} from './frame.ts';

/** A dynamic table size update to 0. */
export const NO_TABLE = '\x20';

/** RFC 9113 §6.5.2. */
const DEFAULT_TABLE_BYTES = 4096;

export class PeerSettings {
  /** What a stream may be sent to begin with. */
  windowBytes = DEFAULT_WINDOW_BYTES;
  /** The longest frame that the client takes. */
  frameBytes = DEFAULT_FRAME_BYTES;

  #owesTableWord = false;

  /**
   * What the next header block begins with. The encoder keeps no table, and has to say so to whoever made his own
   * smaller than it was (RFC 7541 §4.2).
   */
  tableWord(): string {
    if (!this.#owesTableWord) return '';
    this.#owesTableWord = false;
    return NO_TABLE;
  }

  /** @throws {ConnectionFault} */
  read(payload: Buffer): void {
    if (payload.length % 6 !== 0)
      throw new ConnectionFault(FRAME_SIZE_ERROR, 'SETTINGS frame with incorrect length');
    for (let at = 0; at < payload.length; at += 6)
      this.#set((payload[at]! << 8) | payload[at + 1]!, wordAt(payload, at + 2));
  }

  #set(id: number, value: number): void {
    switch (id) {
      case SETTINGS_INITIAL_WINDOW_SIZE:
        if (value > MOST_WINDOW_BYTES)
          throw new ConnectionFault(FLOW_CONTROL_ERROR, 'SETTINGS frame with incorrect INITIAL_WINDOW_SIZE');
        this.windowBytes = value;
        return;
      case SETTINGS_HEADER_TABLE_SIZE:
        this.#owesTableWord ||= value < DEFAULT_TABLE_BYTES;
        return;
      case SETTINGS_MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME_BYTES || value > MOST_FRAME_BYTES)
          throw new ConnectionFault(PROTOCOL_ERROR, 'SETTINGS frame with incorrect MAX_FRAME_SIZE');
        this.frameBytes = value;
        return;
      case SETTINGS_ENABLE_PUSH:
      case SETTINGS_NO_RFC7540_PRIORITIES:
        if (value > 1)
          throw new ConnectionFault(PROTOCOL_ERROR, 'SETTINGS frame with a switch that is neither 0 nor 1');
    }
  }
}
