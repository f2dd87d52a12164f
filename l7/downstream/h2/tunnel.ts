/** A stream as a transport: what an extended CONNECT (RFC 8441) makes of it. */
import { randomBytes } from 'node:crypto';
import type { Transport, TransportOwner } from '../../transport/transport.ts';
import type { RequestHead } from '../../wire/h1/request-head.ts';
import type { H2Stream } from './stream.ts';

export class H2Tunnel implements Transport {
  owner: TransportOwner = NOBODY;
  closed = false;
  readonly fd = -1;
  readonly #stream: H2Stream;
  /** What came while nobody wanted it; its length is bounded by the stream's window. */
  #held: Buffer[] = [];
  #paused = true;
  #ended = false;

  constructor(stream: H2Stream) {
    this.#stream = stream;
    stream.pauseReading();
  }

  // --- from the client ---

  data(bytes: Buffer): void {
    if (this.#paused) this.#held.push(Buffer.from(bytes));
    else this.owner.transportData(bytes);
  }

  /** It sends no more. */
  over(): void {
    this.#ended = true;
    if (!this.#paused) this.owner.transportEnded();
  }

  /** The stream is gone. */
  lost(): void {
    if (this.closed) return;
    this.closed = true;
    this.owner.transportClosed(undefined);
  }

  drained(): void {
    this.owner.transportDrained();
  }

  // --- to the client ---

  get pendingBytes(): number {
    return this.#stream.pendingBytes;
  }

  writeText(text: string): void {
    this.writeBytes(Buffer.from(text, 'latin1'));
  }

  writeBytes(data: Buffer): void {
    this.#stream.write(data);
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pauseReading();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const held = this.#held;
    this.#held = [];
    for (const bytes of held) this.owner.transportData(bytes);
    if (this.#paused) return;
    if (this.#ended) this.owner.transportEnded();
    else this.#stream.resumeReading();
  }

  end(): void {
    this.#stream.endTunnel(false);
  }

  closeSoon(): void {
    this.#stream.endTunnel(true);
  }

  destroy(): void {
    this.closed = true;
    this.#stream.cutTunnel();
  }

  reset(): void {
    this.destroy();
  }
}

/** Until somebody takes it. */
const NOBODY: TransportOwner = {
  transportConnected() {},
  transportData() {},
  transportEnded() {},
  transportDrained() {},
  transportClosed() {},
};

/** The handshake of WebSocket as HTTP/1 has it (RFC 6455 §4.1): the key is nobody's secret, and means nothing over HTTP/2. */
export function askForWebSocket(head: RequestHead): void {
  const { headers } = head;
  headers.set('sec-websocket-key', randomBytes(16).toString('base64'));
  headers.set('upgrade', 'websocket');
  headers.set('connection', 'upgrade');
  head.upgrade = 'websocket';
  head.opensTunnel = true;
}
