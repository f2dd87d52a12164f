/** An HTTP/1.x connection to a member of a pool; one call at a time, kept for the next. */
import { connect, type Socket } from 'node:net';
import {
  BodyFault,
  type BodyReader,
  type BodyTaker,
  ChunkedReader,
  CloseReader,
  LengthReader,
} from '../wire/h1/body.ts';
import { CHUNKED, headEnd } from '../wire/h1/request.ts';
import { parseResponseHead, type ResponseHead, UNTIL_CLOSE, UpstreamFault } from '../wire/h1/response.ts';
import type { Member, Pool } from './pool.ts';

export type CallFailure = 'connect' | 'connect-timeout' | 'closed' | 'reset' | 'invalid' | 'timeout';

/** Who is using the connection. Every call ends with exactly one of bodyEnd() or failed(). */
export interface UpstreamCall extends BodyTaker {
  connected(): void;
  /** @returns whether a body is due by the request's method (HEAD has none) */
  responseHead(head: ResponseHead): boolean;
  failed(failure: CallFailure, reason: string): void;
  /** What was written has left: more may come. */
  drained(): void;
}

const HIGH_WATER_BYTES = 262_144;
const MOST_HEAD_BYTES = 65_536;

export class UpstreamConnection {
  readonly pool: Pool;
  readonly member: Member;
  readonly socket: Socket;
  /** Requests sent over it so far. */
  requests = 0;
  readonly startedMs: number;
  bytesReceived = 0;
  connected = false;
  #call: UpstreamCall | undefined;
  #text = '';
  #reader: BodyReader | undefined;
  #keepAlive = false;
  #requestSent = false;
  #tunnel = false;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(pool: Pool, member: Member) {
    this.pool = pool;
    this.member = member;
    this.startedMs = pool.worker.clock.nowMs();
    const read = pool.worker.readBuffer;
    const { host, port, unixPath } = member.model;
    this.socket = connect({
      host,
      port,
      ...(unixPath !== undefined && { path: unixPath }),
      noDelay: true,
      onread: {
        buffer: read.shared,
        callback: (bytes: number) => {
          this.#receive(read.view(bytes));
          return true;
        },
      },
    });
    this.socket.on('connect', () => {
      this.connected = true;
      this.#call?.connected();
    });
    this.socket.on('error', error => this.#fail(this.connected ? 'reset' : 'connect', error.message));
    this.socket.on('end', () => this.#inputEnded());
    this.socket.on('close', () => this.#fail('closed', 'upstream prematurely closed connection'));
    this.socket.on('drain', () => this.#call?.drained());
  }

  /** Takes the connection for a call; `connected()` follows at once when it stands. */
  use(call: UpstreamCall): void {
    this.#call = call;
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
    this.#text = '';
    this.#reader = undefined;
    this.#requestSent = false;
    this.bytesReceived = 0;
    this.requests++;
    if (this.connected) call.connected();
  }

  /** @param head latin1 */
  writeText(head: string): void {
    this.socket.write(head, 'latin1');
  }

  /** @returns false when drained() should be waited for */
  write(data: Buffer): boolean {
    this.socket.write(this.pool.worker.readBuffer.keep(data));
    return this.socket.writableLength < HIGH_WATER_BYTES;
  }

  /** The request is complete: only then may the connection be kept when the response ends. */
  requestSent(): void {
    this.#requestSent = true;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  #receive(bytes: Buffer): void {
    const call = this.#call;
    if (!call) return this.destroy();
    this.bytesReceived += bytes.length;
    try {
      if (this.#tunnel) return call.bodyData(bytes);
      if (this.#reader) this.#feed(bytes, call);
      else this.#readHead(bytes, call);
    } catch (error) {
      if (!(error instanceof UpstreamFault) && !(error instanceof BodyFault)) throw error;
      this.#fail('invalid', error.message);
    }
  }

  #readHead(bytes: Buffer, call: UpstreamCall): void {
    const before = this.#text.length;
    const text = before === 0 ? bytes.latin1Slice() : this.#text + bytes.latin1Slice();
    const end = headEnd(text, Math.max(0, before - 3));
    if (end === -1) {
      if (text.length > MOST_HEAD_BYTES) throw new UpstreamFault('upstream sent too big header');
      if (!'HTTP/1.'.startsWith(text.slice(0, 7)))
        throw new UpstreamFault('upstream sent no valid HTTP/1.x header');
      this.#text = text;
      return;
    }
    this.#text = '';
    const head = parseResponseHead(text, end);
    const rest = bytes.subarray(end - before);
    if (head.status < 200 && head.status !== 101)
      return rest.length > 0 ? this.#readHead(rest, call) : undefined;
    this.#keepAlive = head.keepAlive;
    if (head.status === 101) this.#tunnel = true;
    const bodyDue = call.responseHead(head) && head.status !== 204 && head.status !== 304;
    if (this.#call !== call) return;
    if (this.#tunnel) return rest.length > 0 ? call.bodyData(rest) : undefined;
    if (!bodyDue || head.bodyLength === 0) return this.#complete(call, rest.length > 0);
    this.#reader =
      head.bodyLength === CHUNKED
        ? new ChunkedReader()
        : head.bodyLength === UNTIL_CLOSE
          ? new CloseReader()
          : new LengthReader(head.bodyLength);
    if (head.bodyLength === UNTIL_CLOSE) this.#keepAlive = false;
    if (rest.length > 0) this.#feed(rest, call);
  }

  #feed(bytes: Buffer, call: UpstreamCall): void {
    const reader = this.#reader!;
    const handed = { bodyData: (data: Buffer) => call.bodyData(data), bodyEnd: () => {} };
    const used = reader.feed(bytes, handed);
    if (reader.done && this.#call === call) this.#complete(call, used < bytes.length);
  }

  /** The response is whole; the connection goes back to its pool first, so that the call may use it again at once. */
  #complete(call: UpstreamCall, tooMuch: boolean): void {
    this.#call = undefined;
    this.#reader = undefined;
    const { keepalive } = this.pool.model;
    const age = this.pool.worker.clock.nowMs() - this.startedMs;
    const keep =
      this.#keepAlive &&
      this.#requestSent &&
      !tooMuch &&
      this.requests < keepalive.requests &&
      age < keepalive.timeMs;
    if (keep && !this.socket.destroyed) this.#rest();
    else this.destroy();
    call.bodyEnd();
  }

  #rest(): void {
    this.socket.resume();
    this.#idleTimer = setTimeout(() => this.destroy(), this.pool.model.keepalive.timeoutMs).unref();
    this.pool.release(this);
  }

  #inputEnded(): void {
    const call = this.#call;
    if (!call) return this.destroy();
    if (this.#tunnel) {
      this.#call = undefined;
      return call.bodyEnd();
    }
    if (this.#reader?.finish({ bodyData: () => {}, bodyEnd: () => {} })) return this.#complete(call, false);
    this.#fail('closed', 'upstream prematurely closed connection');
  }

  #fail(failure: CallFailure, reason: string): void {
    const call = this.#call;
    this.#call = undefined;
    this.pool.drop(this);
    this.destroy();
    call?.failed(failure, reason);
  }

  /** Ends the connection; a call that uses it is not told. */
  destroy(): void {
    this.#call = undefined;
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    this.socket.destroy();
    this.pool.drop(this);
  }
}
