/** An HTTP/1.x connection to a member of a pool; one call at a time, kept for the next. */
import type { HeadMarks } from '#native/head-marks.ts';
import type { Transport, TransportOwner } from '../transport/transport.ts';
import {
  BodyFault,
  type BodyReader,
  type BodyTaker,
  ChunkedReader,
  CloseReader,
  LengthReader,
} from '../wire/h1/body.ts';
import { markedResponseHead, responseBytes } from '../wire/h1/marked.ts';
import { headEnd } from '../wire/h1/request.ts';
import { CHUNKED } from '../wire/h1/request-head.ts';
import { parseResponseHead, type ResponseHead, UNTIL_CLOSE, UpstreamFault } from '../wire/h1/response.ts';
import { PREMATURE } from './failure.ts';
import { KeptConnection } from './kept-connection.ts';

/** How a try at a member can fail. */
export type CallFailure = 'connect' | 'closed' | 'invalid' | 'timeout';

/** Who is using the connection. Every call ends with exactly one of responseEnd() or failed(), unless it destroys the connection. */
export interface UpstreamCall {
  /** A longer head of a response is a fault of the member. */
  readonly mostHeadBytes: number;
  connected(): void;
  /** 103 and its like; 100 is swallowed. */
  information(head: ResponseHead): void;
  /** @returns whether a body is due by the request's method (HEAD has none) */
  responseHead(head: ResponseHead): boolean;
  responseData(data: Buffer): void;
  /** @param trailer the trailer section of a chunked body as sent; '' for none */
  responseEnd(trailer: string): void;
  failed(failure: CallFailure, reason: string): void;
  /** More came than the response has; its end follows. */
  excess(): void;
  /** What was written has left: more may come. */
  drained(): void;
}

/** 1xx before the answer itself: more than this is a flood. */
const MOST_INTERIM = 32;

/** Bytes waiting in the socket from which on the sender of a body pauses. */
const HIGH_WATER_BYTES = 262_144;

export class UpstreamConnection extends KeptConnection implements TransportOwner, BodyTaker {
  readonly framesBodies = false;
  transport!: Transport;
  #text = '';
  #reader: BodyReader | undefined;
  #keepAlive = false;
  #requestSent = false;
  #interim = 0;

  protected begin(): void {
    this.#text = '';
    this.#reader = undefined;
    this.#requestSent = false;
    this.#interim = 0;
  }

  get pendingBytes(): number {
    return this.transport.pendingBytes;
  }

  sendWhole(head: string, body: string): void {
    this.transport.writeText(head + body);
    this.#requestSent = true;
  }

  writeText(text: string): void {
    this.transport.writeText(text);
  }

  write(data: Buffer): boolean {
    this.transport.writeBytes(data);
    return this.transport.pendingBytes < HIGH_WATER_BYTES;
  }

  requestSent(): void {
    this.#requestSent = true;
  }

  transportConnected(): void {
    this.connected = true;
    this.call?.connected();
  }

  transportDrained(): void {
    this.call?.drained();
  }

  transportData(bytes: Buffer, head?: HeadMarks): void {
    const { call } = this;
    if (!call) return this.destroy();
    this.bytesReceived += bytes.length;
    try {
      if (this.#reader) this.#feed(bytes);
      else if (head && this.#text === '') this.#takeHead(bytes, head, call);
      else this.#readHead(bytes, call);
    } catch (error) {
      if (!(error instanceof UpstreamFault) && !(error instanceof BodyFault)) throw error;
      this.fail(
        'invalid',
        error instanceof BodyFault
          ? `upstream sent invalid chunked response: ${error.message}`
          : error.message,
      );
    }
  }

  /** A head that came whole, and marked. */
  #takeHead(bytes: Buffer, marks: HeadMarks, call: UpstreamCall): void {
    const end = responseBytes(marks);
    if (end === 0 || end > call.mostHeadBytes) return this.#readHead(bytes, call);
    this.#headRead(markedResponseHead(bytes.latin1Slice(0, end), marks), bytes, end, call);
  }

  #readHead(bytes: Buffer, call: UpstreamCall): void {
    const before = this.#text.length;
    const text = before === 0 ? bytes.latin1Slice() : this.#text + bytes.latin1Slice();
    const end = headEnd(text, Math.max(0, before - 3));
    if ((end === -1 ? text.length : end) > call.mostHeadBytes)
      throw new UpstreamFault('upstream sent too big header');
    if (end === -1) {
      if (!'HTTP/1.'.startsWith(text.slice(0, 7)))
        throw new UpstreamFault('upstream sent no valid HTTP/1.0 header');
      this.#text = text;
      return;
    }
    this.#text = '';
    this.#headRead(parseResponseHead(text, end), bytes, end - before, call);
  }

  /** @param used how many of the bytes belong to the head */
  #headRead(head: ResponseHead, bytes: Buffer, used: number, call: UpstreamCall): void {
    const rest = bytes.subarray(used);
    if (head.status < 200 && head.status !== 101) {
      if (++this.#interim > MOST_INTERIM) throw new UpstreamFault('upstream sent too many interim responses');
      call.information(head);
      if (rest.length > 0 && this.call === call) this.#readHead(rest, call);
      return;
    }
    this.#respond(head, rest, call);
  }

  #respond(head: ResponseHead, rest: Buffer, call: UpstreamCall): void {
    this.#keepAlive = head.keepAlive;
    const bodyDue = call.responseHead(head) && head.status !== 204 && head.status !== 304;
    // The call may have turned to another member, or made a tunnel of the connection.
    if (this.call !== call) return;
    if (this.transport.owner !== this) {
      if (rest.length === 0) return;
      this.bytesReceived -= rest.length; // the new owner counts them
      return this.transport.owner.transportData(rest);
    }
    if (!bodyDue || head.bodyLength === 0) return this.#complete(call, '', rest.length > 0);
    if (head.bodyLength === UNTIL_CLOSE) this.#keepAlive = false;
    this.#reader = readerOf(head.bodyLength);
    if (rest.length > 0) this.#feed(rest);
  }

  bodyData(data: Buffer): void {
    this.call?.responseData(data);
  }

  /** Completion is noticed by the reader's `done`, after all of the bytes at hand were counted. */
  bodyEnd(): void {}

  #feed(bytes: Buffer): void {
    const call = this.call!;
    const reader = this.#reader!;
    const used = reader.feed(bytes, this);
    if (!reader.done || this.call !== call) return;
    this.#complete(call, reader instanceof ChunkedReader ? reader.trailer : '', used < bytes.length);
  }

  /** The response is whole; the connection goes back to its pool first, so that the call may use it again at once. */
  #complete(call: UpstreamCall, trailer: string, tooMuch: boolean): void {
    this.call = undefined;
    this.#reader = undefined;
    if (tooMuch || !this.#keepAlive || !this.#requestSent || !this.rest()) this.destroy();
    if (tooMuch) call.excess();
    call.responseEnd(trailer);
  }

  transportEnded(): void {
    const { call } = this;
    if (call && this.#reader?.finish(this)) return this.#complete(call, '', false);
    this.fail('closed', PREMATURE);
  }
}

function readerOf(bodyLength: number): BodyReader {
  if (bodyLength === CHUNKED) return new ChunkedReader();
  return bodyLength === UNTIL_CLOSE ? new CloseReader() : new LengthReader(bodyLength);
}
