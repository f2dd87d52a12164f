/** A transport on a native stream: plain TCP and unix sockets, at the least cost. */
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import type { StreamEvents, StreamLoop } from '#native/stream.ts';
import type { Transport, TransportOwner } from './transport.ts';

export class StreamTransport implements Transport, StreamEvents {
  owner: TransportOwner;
  closed = false;
  pendingBytes = 0;
  readonly #loop: StreamLoop;
  #stream = -1;
  #ending = false;

  constructor(loop: StreamLoop, owner: TransportOwner) {
    this.#loop = loop;
    this.owner = owner;
  }

  /** Takes an accepted stream. */
  take(stream: number): void {
    this.#stream = stream;
    this.#loop.own(stream, this);
  }

  /** Starts to connect; the owner hears of the outcome. @param host an IP address or an absolute path */
  connect(host: string, port: number, boundFd?: number): void {
    this.#stream = this.#loop.connect(host, port, this, boundFd);
    if (this.#stream < 0) process.nextTick(refuse, this, -this.#stream);
  }

  /** The socket's descriptor, for what the kernel knows about it. */
  get fd(): number {
    return this.closed ? -1 : this.#loop.fd(this.#stream);
  }

  streamConnected(): void {
    this.owner.transportConnected();
  }

  streamData(bytes: Buffer): void {
    this.owner.transportData(bytes);
  }

  streamEnded(): void {
    this.owner.transportEnded();
  }

  streamDrained(): void {
    this.pendingBytes = 0;
    this.owner.transportDrained();
  }

  streamFlushed(pendingBytes: number): void {
    // A negative number says why it could not be written; the loop reports the end of the stream by itself.
    if (pendingBytes >= 0) this.pendingBytes = pendingBytes;
  }

  streamClosed(errno: number): void {
    if (this.closed) return;
    this.closed = true;
    this.owner.transportClosed(errno === 0 ? undefined : faultOf(errno));
  }

  writeText(text: string): void {
    if (!this.closed && !this.#ending) this.#loop.writeText(this.#stream, text);
  }

  writeBytes(data: Buffer): void {
    if (!this.closed && !this.#ending) this.#loop.writeBytes(this.#stream, data);
  }

  pause(): void {
    if (!this.closed) this.#loop.read(this.#stream, false);
  }

  resume(): void {
    if (!this.closed) this.#loop.read(this.#stream, true);
  }

  end(): void {
    if (this.closed || this.#ending) return;
    this.#ending = true;
    this.#loop.end(this.#stream);
  }

  closeSoon(): void {
    if (this.closed) return;
    this.#ending = true;
    this.#loop.closeSoon(this.#stream);
  }

  destroy(): void {
    this.#close(false);
  }

  reset(): void {
    this.#close(true);
  }

  #close(reset: boolean): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#stream >= 0) this.#loop.close(this.#stream, reset);
    process.nextTick(tellClosed, this);
  }
}

function refuse(transport: StreamTransport, errno: number): void {
  transport.streamClosed(errno);
}

function tellClosed(transport: StreamTransport): void {
  transport.owner.transportClosed(undefined);
}

function faultOf(errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: ${getSystemErrorMessage(-errno)}`), { code, errno: -errno });
}
