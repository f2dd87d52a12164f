/** Writes answers in the framing of HTTP/1.x (RFC 9112 §6), and counts them. */
import type { Exchange } from '../exchange.ts';
import { type Response, UNKNOWN_LENGTH } from '../response.ts';
import type { Transport } from '../transport/transport.ts';
import { responseHead } from '../wire/h1/write.ts';

/** Bytes waiting in the socket from which on the source pauses. */
const HIGH_WATER_BYTES = 262_144;

export class AnswerWriter {
  /** Of the answer that is being written. */
  bytesSent = 0;
  bodyBytesSent = 0;
  readonly #transport: Transport;
  #chunked = false;
  /** Bytes of body that are still owed, where their number is known. */
  #left = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Only the end of the connection will tell the end of the body. */
  get endless(): boolean {
    return !this.#chunked && this.#left < 0;
  }

  /** Another answer begins. */
  renew(): void {
    this.bytesSent = 0;
    this.bodyBytesSent = 0;
  }

  information(status: number, headers: readonly (readonly [string, string])[]): void {
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const reason = status === 100 ? 'Continue' : status === 103 ? 'Early Hints' : 'Information';
    this.#transport.writeText(`HTTP/1.1 ${status} ${reason}\r\n${lines}\r\n`);
  }

  /** Writes the head. Sets `exchange.keepAlive` to false where the end of the connection has to end the body. */
  head(exchange: Exchange, response: Response, wallMs: number): void {
    const { location } = exchange;
    const { status, headers } = response;
    const server = response.namesServer ? location.serverToken(exchange) : '';
    let head = responseHead(status, response.reason, server, wallMs, headers);
    this.#chunked = false;
    if (!response.upgraded) {
      head += this.#framing(exchange, response);
      head += exchange.keepAlive ? 'Connection: keep-alive\r\n' : 'Connection: close\r\n';
      const { headerS } = location.core.keepaliveTimeout;
      if (exchange.keepAlive && headerS) head += `Keep-Alive: timeout=${headerS}\r\n`;
    }
    head += '\r\n';
    this.bytesSent += head.length;
    this.#transport.writeText(head);
    if (response.headOnly) this.#left = 0;
  }

  /** The line that says how long the body is; '' for none. */
  #framing(exchange: Exchange, response: Response): string {
    const mayChunk =
      exchange.head.minor === 1 && exchange.location.core.chunkedTransferEncoding && !response.headOnly;
    // Trailers need chunks, even where the length is known.
    if (response.trailers && mayChunk) response.contentLength = UNKNOWN_LENGTH;
    const { contentLength, status } = response;
    this.#left = contentLength;
    if (contentLength >= 0) {
      if (status !== 204 && status !== 304) return `Content-Length: ${contentLength}\r\n`;
      if (status === 304 && contentLength > 0) this.#left = 0;
    } else if (mayChunk) {
      this.#chunked = true;
      return 'Transfer-Encoding: chunked\r\n';
    } else if (!response.headOnly) exchange.keepAlive = false;
    return '';
  }

  /** A piece of the body. @returns false when its source should pause */
  body(data: Buffer): boolean {
    const transport = this.#transport;
    this.#count(data.length);
    if (this.#left > 0) this.#left -= data.length;
    if (this.#chunked) {
      const size = `${data.length.toString(16)}\r\n`;
      this.#count(size.length + 2);
      transport.writeText(size);
      transport.writeBytes(data);
      transport.writeText('\r\n');
    } else transport.writeBytes(data);
    return transport.pendingBytes < HIGH_WATER_BYTES;
  }

  /** The body is complete. @returns false when that can not be: fewer bytes came than were promised */
  end({ response }: Exchange): boolean {
    if (!this.#chunked) return this.#left <= 0 || response?.headOnly === true;
    let tail = '0\r\n';
    const trailers = response?.trailers;
    for (let at = 0; trailers && at < trailers.size; at++)
      tail += `${trailers.nameAt(at)}: ${trailers.valueAt(at)}\r\n`;
    this.#transport.writeText(`${tail}\r\n`);
    this.#count(tail.length + 2);
    return true;
  }

  /** All that follows the head counts as body, chunk sizes too: the logs of nginx do so. */
  #count(bytes: number): void {
    this.bytesSent += bytes;
    this.bodyBytesSent += bytes;
  }

  /** What went through a tunnel. */
  tunnelled(bytes: number): void {
    this.#count(bytes);
  }
}
