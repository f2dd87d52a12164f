/** The body of a stream's request on its way in: how much the client may send, and whether that is what it has promised. */
import type { RequestHead } from '../../wire/h1/request-head.ts';
import { FLOW_CONTROL_ERROR, PROTOCOL_ERROR, windowFrame } from '../../wire/h2/frame.ts';
import { type BodyControl, RequestBody } from '../request-body.ts';
import type { H2Stream } from './stream.ts';

/** How much of a body may be under way once somebody takes it. */
const BODY_WINDOW_BYTES = 262_144;

export class StreamBody implements BodyControl {
  /** Who takes it has enough for now. */
  paused = false;
  readonly #stream: H2Stream;
  #body: RequestBody | undefined;
  #wanted = false;
  /** It is not what its length said; the request is answered for that. */
  #broken = false;
  #expectContinue = false;
  /** What the client may still send, of how much at most. */
  #window: number;
  #most: number;

  constructor(stream: H2Stream, windowBytes: number) {
    this.#stream = stream;
    this.#window = this.#most = windowBytes;
  }

  /** @returns the body that the head tells of; undefined for none */
  expect({ bodyLength, expectContinue }: RequestHead): RequestBody | undefined {
    this.#expectContinue = expectContinue;
    if (bodyLength !== 0) this.#body = new RequestBody(bodyLength, this);
    return this.#body;
  }

  /** A frame begins. @param bytes of its payload with the padding. @returns false when that is beyond the window */
  take(bytes: number): boolean {
    if (bytes > this.#window) {
      this.#stream.fail(FLOW_CONTROL_ERROR, 'DATA frame beyond the window');
      return false;
    }
    this.#window -= bytes;
    return true;
  }

  piece(data: Buffer): void {
    if (this.#broken) return;
    const body = this.#body;
    const { bodyLength } = this.#stream.exchange.head;
    const received = (body?.receivedBytes ?? 0) + data.length;
    if (bodyLength >= 0 && received > bodyLength)
      return this.#breakOff('a body longer than its Content-Length');
    body!.bodyData(data);
    if (this.#wanted && !this.paused) this.#expectMore();
  }

  /** The client has sent all of it. */
  over(): void {
    const body = this.#body;
    if (!body || body.complete || this.#broken) return;
    const { bodyLength } = this.#stream.exchange.head;
    if (bodyLength >= 0 && body.receivedBytes < bodyLength)
      return this.#breakOff('a body shorter than its Content-Length');
    this.#stream.expectNothing();
    body.bodyEnd();
  }

  #breakOff(reason: string): void {
    const { connection, exchange } = this.#stream;
    this.#broken = true;
    connection.engine.traffic.malformed(reason);
    exchange.log('info', `client sent ${reason}`);
    if (exchange.response) this.#stream.fail(PROTOCOL_ERROR, reason);
    else exchange.bodyFailed(400);
  }

  bodyWanted(): void {
    if (this.#expectContinue && this.#body?.receivedBytes === 0) this.#stream.writeInformation(100, []);
    this.#expectContinue = false;
    this.#wanted = true;
    this.openWide();
    if (!this.paused) this.grant();
    this.#expectMore();
  }

  /** From now on the client owes the next piece in time. */
  #expectMore(): void {
    const { ended, gone, exchange } = this.#stream;
    if (!ended && !gone) this.#stream.expire(exchange.location.core.clientBodyTimeoutMs);
  }

  pauseReading(): void {
    this.paused = true;
  }

  resumeReading(): void {
    if (!this.paused) return;
    this.paused = false;
    this.grant();
    if (this.#wanted) this.#expectMore();
  }

  /** More may be under way than before somebody took it. */
  openWide(): void {
    this.#most = Math.max(this.#most, BODY_WINDOW_BYTES);
  }

  /** Lets the client send more, once half of the window is used up. */
  grant(): void {
    const { ended, gone, connection, streamId } = this.#stream;
    const bytes = this.#most - this.#window;
    if (this.paused || ended || gone || bytes < this.#most / 2) return;
    this.#window = this.#most;
    connection.transport.writeText(windowFrame(streamId, bytes));
  }

  /** The request is answered: what still comes is dropped. */
  discard(): void {
    this.#body?.discard();
  }
}
