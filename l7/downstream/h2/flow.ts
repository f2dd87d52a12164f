/** Flow control of a connection (RFC 9113 §5.2): what its client may be sent and whose turn it is, and what it may send. */
import type { Transport } from '../../transport/transport.ts';
import {
  ConnectionFault,
  DEFAULT_WINDOW_BYTES,
  FLOW_CONTROL_ERROR,
  MOST_WINDOW_BYTES,
  PROTOCOL_ERROR,
  windowFrame,
} from '../../wire/h2/frame.ts';
import type { FloodGuard } from '../../wire/h2/guard.ts';
import type { H2Stream } from './stream.ts';
import { Turns } from './turns.ts';

/** Bytes that may wait in the transport before bodies have to wait in their streams. */
const HIGH_WATER_BYTES = 131_072;
/** Frames with less are no sign of useful work. */
const LEAST_USEFUL_BYTES = 64;

export class Flow {
  readonly #transport: Transport;
  readonly #guard: FloodGuard;
  readonly #turns = new Turns();
  /** What the client may still be sent. */
  #window = DEFAULT_WINDOW_BYTES;
  /** What it has sent since it was last let send more. */
  #received = 0;

  constructor(transport: Transport, guard: FloodGuard) {
    this.#transport = transport;
    this.#guard = guard;
  }

  /** How many bytes of bodies may go out now. */
  get sendable(): number {
    return this.crowded ? 0 : this.#window;
  }

  /** True when sources should pause. */
  get crowded(): boolean {
    return this.#transport.pendingBytes >= HIGH_WATER_BYTES;
  }

  /** So much of a body went out, in one frame. */
  sent(bytes: number): void {
    this.#window -= bytes;
    // A client that lets us send byte by byte has not earned anything (CVE-2019-9511).
    if (bytes >= LEAST_USEFUL_BYTES) this.#guard.payload();
  }

  /** The client takes more. @throws {ConnectionFault} */
  widen(bytes: number): void {
    if (bytes === 0)
      throw new ConnectionFault(PROTOCOL_ERROR, 'WINDOW_UPDATE frame with incorrect window increment 0');
    if (this.#window + bytes > MOST_WINDOW_BYTES)
      throw new ConnectionFault(FLOW_CONTROL_ERROR, 'WINDOW_UPDATE frame beyond the largest window');
    this.#window += bytes;
    this.pump();
  }

  /** The stream has something to send, and waits for its turn. */
  enqueue(stream: H2Stream): void {
    this.#turns.add(stream);
  }

  /** Sends what waits, a frame at a time, as far as windows and transport allow. */
  pump(): void {
    while (!this.#turns.empty && this.sendable > 0) this.#turns.take().sendNext();
  }

  /** Nothing of what waits is sent any more. */
  clear(): void {
    this.#turns.clear();
  }

  /** A DATA frame comes. The connection's own window is never what holds a client back: streams have theirs. */
  received(bytes: number): void {
    this.#received += bytes;
    if (this.#received < MOST_WINDOW_BYTES / 2) return;
    this.#transport.writeText(windowFrame(0, this.#received));
    this.#received = 0;
  }
}
