/** A transport on a native stream: TCP and unix sockets, plain or with TLS, at the least cost. */
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import type { HeadMarks } from '#native/head-marks.ts';
import type { StreamLoop } from '#native/stream.ts';
import type { StreamEvents } from '#native/stream-events.ts';
import type { TlsFact, TlsHandle } from '#native/tls.ts';
import type { Secured } from './connect.ts';
import type { Transport, TransportOwner } from './transport.ts';

export class StreamTransport implements Transport, StreamEvents {
  owner: TransportOwner;
  closed = false;
  pendingBytes = 0;
  /** The protocol agreed on when TLS began (RFC 7301); '' for none. */
  alpn = '';
  readonly #loop: StreamLoop;
  readonly #opening: string;
  #stream = -1;
  #ending = false;
  #fault = '';
  #secured: Secured | undefined;

  /** @param opening what an outgoing connection begins with (latin1) */
  constructor(loop: StreamLoop, owner: TransportOwner, opening = '') {
    this.#loop = loop;
    this.owner = owner;
    this.#opening = opening;
  }

  /** Takes an accepted stream. */
  take(stream: number): void {
    this.#stream = stream;
    this.#loop.own(stream, this);
  }

  /**
   * Starts to connect; the owner hears of the outcome.
   *
   * @param host an IP address or an absolute path
   * @param secured with what TLS is put on once the connection stands: then the outcome is that of the handshake
   * @param socket from outgoingSocket()
   */
  connect(host: string, port: number, secured?: Secured, socket?: number): void {
    this.#secured = secured;
    this.#stream = this.#loop.connect(host, port, this, socket);
    if (this.#stream < 0) process.nextTick(refuse, this, -this.#stream);
  }

  /** There is nobody to connect to. */
  fail(error: NodeJS.ErrnoException): void {
    if (this.closed) return;
    this.closed = true;
    this.#tellClosed(error);
  }

  /** Serves by TLS from here on; the owner's transportConnected() follows. @param first what the client sent already */
  serveTls(context: TlsHandle, first: Buffer): void {
    this.#loop.startTls(this.#stream, context, first);
  }

  /** Something about the TLS session; undefined once transportClosed() was told. */
  tlsFact(fact: TlsFact): string | undefined {
    return this.#stream < 0 ? undefined : this.#loop.tlsFact(this.#stream, fact);
  }

  /** DER of the other side's certificates up to a trusted one, its own first; empty when they do not lead to one. */
  tlsChain(): Buffer[] {
    return this.#stream < 0 ? [] : this.#loop.tlsChain(this.#stream);
  }

  get fd(): number {
    return this.closed ? -1 : this.#loop.fd(this.#stream);
  }

  streamConnected(): void {
    this.#open();
    const secured = this.#secured;
    if (secured) this.#loop.startTls(this.#stream, secured.context, undefined, secured.as);
    else this.owner.transportConnected();
    this.#secured = undefined;
  }

  /** What goes first is no part of TLS: it has left when that begins. */
  #open(): void {
    if (this.#opening === '') return;
    this.#loop.writeText(this.#stream, this.#opening);
    if (this.#secured) this.#loop.flush();
  }

  streamSecure(alpn: string): void {
    this.alpn = alpn;
    this.owner.transportConnected();
  }

  streamData(bytes: Buffer, head: HeadMarks | undefined): void {
    this.owner.transportData(bytes, head);
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

  streamFault(reason: string): void {
    this.#fault = reason;
  }

  streamClosed(errno: number): void {
    if (this.closed) return;
    this.closed = true;
    this.#tellClosed(errno === 0 ? undefined : faultOf(errno, this.#fault));
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

  /** For the callback that tells of a close that was asked for. */
  closedByUs(): void {
    this.#tellClosed(undefined);
  }

  #tellClosed(error: NodeJS.ErrnoException | undefined): void {
    this.owner.transportClosed(error);
    this.#stream = -1; // the number may come to mean another
  }
}

function refuse(transport: StreamTransport, errno: number): void {
  transport.streamClosed(errno);
}

function tellClosed(transport: StreamTransport): void {
  transport.closedByUs();
}

/** @param reason what TLS says of it; '': the kernel's word is all there is */
function faultOf(errno: number, reason: string): NodeJS.ErrnoException {
  if (reason !== '') return Object.assign(new Error(reason), { code: 'EPROTO', errno: -errno });
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: ${getSystemErrorMessage(-errno)}`), { code, errno: -errno });
}
