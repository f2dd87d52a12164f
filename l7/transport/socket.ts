/** A transport on a socket of node:net or node:tls. */
import type { Socket } from 'node:net';
import type { ReadBuffer } from '../read-buffer.ts';
import type { Transport, TransportOwner } from './transport.ts';

/** Writes up to this size are joined with others. */
const JOIN_BYTES = 16_384;

export class SocketTransport implements Transport {
  owner: TransportOwner;
  closed = false;
  readonly socket: Socket;
  readonly #read: ReadBuffer;
  #error: NodeJS.ErrnoException | undefined;
  #out = '';
  #flushing = false;
  #ending = false;

  /**
   * @param socket emits 'data' unless `ownReads` says that its bytes arrive through receive()
   */
  constructor(socket: Socket, owner: TransportOwner, read: ReadBuffer, ownReads: boolean) {
    this.socket = socket;
    this.owner = owner;
    this.#read = read;
    socket.on('error', error => (this.#error = error));
    socket.on('close', () => this.#over());
    socket.on('end', () => this.owner.transportEnded());
    socket.on('drain', () => this.owner.transportDrained());
    if (!ownReads) socket.on('data', (bytes: Buffer) => this.owner.transportData(bytes));
  }

  /** Bytes that came by the socket's own read buffer (`onread`). */
  receive(bytes: number): true {
    if (!this.closed) this.owner.transportData(this.#read.view(bytes));
    return true;
  }

  #over(): void {
    if (this.closed) return;
    this.closed = true;
    this.owner.transportClosed(this.#error);
  }

  get pendingBytes(): number {
    return this.socket.writableLength + this.#out.length;
  }

  /** Small writes of one event leave as one: one system call, one TLS record. */
  writeText(text: string): void {
    if (this.closed || this.#ending) return;
    this.#out += text;
    if (this.#out.length > JOIN_BYTES) this.#flush();
    else this.#flushSoon();
  }

  writeBytes(data: Buffer): void {
    if (data.length <= JOIN_BYTES) return this.writeText(data.latin1Slice());
    if (this.closed || this.#ending) return;
    this.#flush();
    this.socket.write(this.#read.keep(data));
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(flushHeld, this);
  }

  flushScheduled(): void {
    this.#flushing = false;
    this.#flush();
  }

  #flush(): void {
    if (this.#out === '') return;
    const out = this.#out;
    this.#out = '';
    this.socket.write(out, 'latin1');
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.#flush();
    this.#ending = true;
    this.socket.end();
  }

  closeSoon(): void {
    this.#flush();
    this.#ending = true;
    this.socket.destroySoon();
  }

  destroy(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

function flushHeld(transport: SocketTransport): void {
  transport.flushScheduled();
}
