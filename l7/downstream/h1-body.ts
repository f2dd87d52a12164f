/** The body of an HTTP/1.x request on its way in: read off the wire as fast as whoever takes it wants. */
import { BodyFault, type BodyReader, ChunkedReader, LengthReader } from '../wire/h1/body.ts';
import { CHUNKED, type RequestHead } from '../wire/h1/request-head.ts';
import type { H1Connection } from './h1.ts';
import { type BodyControl, RequestBody } from './request-body.ts';

export class BodyIntake implements BodyControl {
  readonly #connection: H1Connection;
  #body: RequestBody | undefined;
  #reader: BodyReader | undefined;
  #paused = false;
  #expectContinue = false;

  constructor(connection: H1Connection) {
    this.#connection = connection;
  }

  /** A request begins. @returns its body; undefined for none */
  expect({ bodyLength, expectContinue }: RequestHead): RequestBody | undefined {
    this.#expectContinue = expectContinue;
    this.#reader = this.#body = undefined;
    if (bodyLength === 0) return undefined;
    this.#reader = bodyLength === CHUNKED ? new ChunkedReader() : new LengthReader(bodyLength);
    this.#body = new RequestBody(bodyLength, this);
    return this.#body;
  }

  /** True while what comes next belongs to it. */
  get open(): boolean {
    return this.#reader !== undefined && !this.#reader.done;
  }

  /** True when a part of it is missing, whether that still comes or not. */
  get incomplete(): boolean {
    return this.#body !== undefined && !this.#body.complete;
  }

  /** The client may send the body or not: it still waits for its 100. */
  get unasked(): boolean {
    return this.#expectContinue && this.incomplete;
  }

  /** Nothing is read of the connection for now. */
  get paused(): boolean {
    return this.#paused;
  }

  /** While it is open. @returns how many of the bytes belong to it */
  feed(bytes: Buffer): number {
    try {
      const used = this.#reader!.feed(bytes, this.#body!);
      this.#connection.bodyCame();
      return used;
    } catch (error) {
      if (!(error instanceof BodyFault)) throw error;
      this.#reader = undefined;
      this.#connection.bodyBroken(error.message);
      return bytes.length;
    }
  }

  bodyWanted(): void {
    if (this.#expectContinue && this.#body?.receivedBytes === 0) this.#connection.writeInformation(100, []);
    this.#expectContinue = false;
    this.#expectMore();
  }

  #expectMore(): void {
    if (this.incomplete) this.#connection.expectBody();
  }

  pauseReading(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#connection.transport.pause();
  }

  resumeReading(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection.transport.resume();
    this.#expectMore();
  }

  /** The request is answered: what is missing is read and dropped. */
  discard(): void {
    if (this.incomplete) this.#body!.discard();
  }
}
