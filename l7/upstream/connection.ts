/** An HTTP/1.x connection to a member of a pool; one call at a time, kept for the next. */
import type { HeadMarks } from '#native/head-marks.ts';
import { Deadline, type DeadlineOwner } from '../deadline.ts';
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
import { failureReason, PREMATURE, TIMED_OUT } from './failure.ts';
import type { MemberConnection } from './member-connection.ts';
import type { Member, Pool } from './pool.ts';

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

export class UpstreamConnection implements MemberConnection, TransportOwner, BodyTaker, DeadlineOwner {
  readonly pool: Pool;
  readonly member: Member;
  readonly key: string;
  readonly startedMs: number;
  readonly framesBodies = false;
  /** Requests sent over it so far. */
  requests = 0;
  /** Of the current call. */
  bytesReceived = 0;
  connected = false;
  transport!: Transport;
  #call: UpstreamCall | undefined;
  #text = '';
  #reader: BodyReader | undefined;
  #keepAlive = false;
  #requestSent = false;
  #interim = 0;
  readonly #deadline: Deadline;

  constructor(pool: Pool, member: Member, key: string) {
    this.pool = pool;
    this.member = member;
    this.key = key;
    this.startedMs = pool.worker.clock.nowMs();
    this.#deadline = new Deadline(pool.worker.clock, this);
  }

  get reused(): boolean {
    return this.requests > 1;
  }

  use(call: UpstreamCall): void {
    this.#call = call;
    this.#text = '';
    this.#reader = undefined;
    this.#requestSent = false;
    this.bytesReceived = 0;
    this.#interim = 0;
    this.requests++;
    if (this.connected) call.connected();
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

  hold(held: boolean): void {
    if (held) this.transport.pause();
    else this.transport.resume();
  }

  transportConnected(): void {
    this.connected = true;
    this.#call?.connected();
  }

  transportDrained(): void {
    this.#call?.drained();
  }

  transportData(bytes: Buffer, head?: HeadMarks): void {
    const call = this.#call;
    if (!call) return this.destroy();
    this.bytesReceived += bytes.length;
    try {
      if (this.#reader) this.#feed(bytes);
      else if (head && this.#text === '') this.#takeHead(bytes, head, call);
      else this.#readHead(bytes, call);
    } catch (error) {
      if (!(error instanceof UpstreamFault) && !(error instanceof BodyFault)) throw error;
      this.#fail(
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
      if (rest.length > 0 && this.#call === call) this.#readHead(rest, call);
      return;
    }
    this.#respond(head, rest, call);
  }

  #respond(head: ResponseHead, rest: Buffer, call: UpstreamCall): void {
    this.#keepAlive = head.keepAlive;
    const bodyDue = call.responseHead(head) && head.status !== 204 && head.status !== 304;
    // The call may have turned to another member, or made a tunnel of the connection.
    if (this.#call !== call) return;
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
    this.#call?.responseData(data);
  }

  /** Completion is noticed by the reader's `done`, after all of the bytes at hand were counted. */
  bodyEnd(): void {}

  #feed(bytes: Buffer): void {
    const call = this.#call!;
    const reader = this.#reader!;
    const used = reader.feed(bytes, this);
    if (!reader.done || this.#call !== call) return;
    this.#complete(call, reader instanceof ChunkedReader ? reader.trailer : '', used < bytes.length);
  }

  /** The response is whole; the connection goes back to its pool first, so that the call may use it again at once. */
  #complete(call: UpstreamCall, trailer: string, tooMuch: boolean): void {
    this.#call = undefined;
    this.#reader = undefined;
    if (this.#mayKeep() && !tooMuch) this.#rest();
    else this.destroy();
    if (tooMuch) call.excess();
    call.responseEnd(trailer);
  }

  #mayKeep(): boolean {
    if (!this.#keepAlive || !this.#requestSent || this.transport.closed) return false;
    return this.pool.keeps(this.requests, this.startedMs);
  }

  #rest(): void {
    this.transport.resume();
    this.#deadline.set(this.pool.model.keepalive.timeoutMs);
    this.pool.release(this);
  }

  transportEnded(): void {
    const call = this.#call;
    if (!call) return this.destroy();
    if (this.#reader?.finish(this)) return this.#complete(call, '', false);
    this.#fail('closed', PREMATURE);
  }

  transportClosed(error: NodeJS.ErrnoException | undefined): void {
    const reason = error ? failureReason(error, this.member.address, this.connected) : PREMATURE;
    this.#fail(this.connected ? 'closed' : 'connect', reason);
  }

  #fail(failure: CallFailure, reason: string): void {
    const call = this.#call;
    this.destroy();
    call?.failed(failure, reason);
  }

  expect(ms: number): void {
    this.#deadline.set(ms);
  }

  expectNothing(): void {
    this.#deadline.clear();
  }

  deadlineExpired(): void {
    if (this.#call) this.#fail('timeout', TIMED_OUT);
    else this.destroy();
  }

  destroy(): void {
    this.#call = undefined;
    this.#deadline.dispose();
    this.transport.destroy();
    this.pool.drop(this);
  }
}

function readerOf(bodyLength: number): BodyReader {
  if (bodyLength === CHUNKED) return new ChunkedReader();
  return bodyLength === UNTIL_CLOSE ? new CloseReader() : new LengthReader(bodyLength);
}
