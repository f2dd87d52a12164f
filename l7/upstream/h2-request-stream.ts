/** The request's side of a stream to a server: its frames, as far as the server's windows let them go (RFC 9113 §5.2). */

import type { Transport } from '../transport/transport.ts';
import {
  ConnectionFault,
  DATA,
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  END_STREAM,
  FLOW_CONTROL_ERROR,
  frameHead,
  headersFrames,
  MOST_WINDOW_BYTES,
  PROTOCOL_ERROR,
} from '../wire/h2/frame.ts';
import { Outbox } from '../wire/h2/outbox.ts';
import { NO_TABLE } from '../wire/h2/settings.ts';

/** Bytes waiting, here and in the socket, from which on the sender of a body pauses. */
const HIGH_WATER_BYTES = 262_144;

export class RequestStream {
  id = -1;
  /** END_STREAM is out. */
  ended = false;
  readonly #transport: Transport;
  /** Of the connection. */
  #window = DEFAULT_WINDOW_BYTES;
  #streamWindow = 0;
  readonly #waiting = new Outbox();
  #endWaits = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get pendingBytes(): number {
    return this.#waiting.bytes + this.#transport.pendingBytes;
  }

  get crowded(): boolean {
    return this.pendingBytes >= HIGH_WATER_BYTES;
  }

  /** The next stream. @param windowBytes what the server lets it send to begin with */
  begin(windowBytes: number): void {
    this.id += 2;
    this.ended = this.#endWaits = false;
    this.#streamWindow = windowBytes;
  }

  /** @param block of the fields @param last no body follows */
  head(block: string, last: boolean): void {
    // A server that made its table smaller waits for that word; its SETTINGS may come after the first block.
    const whole = this.id === 1 ? NO_TABLE + block : block;
    this.#transport.writeText(headersFrames(this.id, whole, last ? END_STREAM : 0, DEFAULT_FRAME_BYTES));
    this.ended = last;
  }

  body(data: Buffer): void {
    let at = 0;
    if (this.#waiting.empty)
      for (let bytes = this.#sendable(data.length); bytes > 0; bytes = this.#sendable(data.length - at)) {
        this.#send(data.subarray(at, at + bytes));
        at += bytes;
      }
    if (at < data.length) this.#waiting.put(Buffer.from(data.subarray(at)));
  }

  end(): void {
    if (this.ended) return;
    this.#endWaits = true;
    this.#endIfAllIsOut();
  }

  /** Sends what waits, as far as windows and transport allow. @returns whether nothing waits any more */
  pump(): boolean {
    while (!this.#waiting.empty && this.#transport.pendingBytes < HIGH_WATER_BYTES) {
      const bytes = this.#sendable(this.#waiting.bytes);
      if (bytes === 0) return false;
      this.#send(this.#waiting.take(bytes));
    }
    this.#endIfAllIsOut();
    return this.#waiting.empty;
  }

  /** The server takes more. @param stream 0 for the connection @throws {ConnectionFault} */
  widen(stream: number, bytes: number): void {
    if (bytes === 0)
      throw new ConnectionFault(PROTOCOL_ERROR, 'WINDOW_UPDATE frame with incorrect window increment 0');
    if (stream === 0) this.#window = checked(this.#window + bytes);
    else if (stream === this.id) this.#streamWindow = checked(this.#streamWindow + bytes);
  }

  /** The server's first window changed. @throws {ConnectionFault} */
  shiftWindow(bytes: number): void {
    this.#streamWindow = checked(this.#streamWindow + bytes);
  }

  #sendable(bytes: number): number {
    return Math.max(0, Math.min(bytes, DEFAULT_FRAME_BYTES, this.#window, this.#streamWindow));
  }

  #send(piece: Buffer): void {
    this.#transport.writeText(frameHead(piece.length, DATA, 0, this.id));
    this.#transport.writeBytes(piece);
    this.#window -= piece.length;
    this.#streamWindow -= piece.length;
  }

  #endIfAllIsOut(): void {
    if (!this.#endWaits || !this.#waiting.empty) return;
    this.#transport.writeText(frameHead(0, DATA, END_STREAM, this.id));
    this.#endWaits = false;
    this.ended = true;
  }
}

function checked(window: number): number {
  if (window > MOST_WINDOW_BYTES)
    throw new ConnectionFault(FLOW_CONTROL_ERROR, 'WINDOW_UPDATE frame beyond the largest window');
  return window;
}
