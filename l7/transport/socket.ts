/** A transport on a socket of node:net or node:tls. */
import type { Socket } from 'node:net';
import type { ReadBuffer } from '../read-buffer.ts';
import type { Transport, TransportOwner } from './transport.ts';

export class SocketTransport implements Transport {
  owner: TransportOwner;
  closed = false;
  readonly socket: Socket;
  readonly #read: ReadBuffer;
  #error: NodeJS.ErrnoException | undefined;

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
    return this.socket.writableLength;
  }

  writeText(text: string): void {
    this.socket.write(text, 'latin1');
  }

  writeBytes(data: Buffer): void {
    this.socket.write(this.#read.keep(data));
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
  }

  closeSoon(): void {
    this.socket.destroySoon();
  }

  destroy(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}
