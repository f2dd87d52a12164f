/** The answer of a stream on its way out: as many frames as the windows allow, the rest when its turn comes. */
import type { Exchange } from '../../exchange.ts';
import type { Response } from '../../response.ts';
import {
  DATA,
  END_STREAM,
  frameHead,
  HEAD_BYTES,
  headersFrames,
  MOST_WINDOW_BYTES,
} from '../../wire/h2/frame.ts';
import { Outbox } from '../../wire/h2/outbox.ts';
import { fieldBlock, informationBlock, responseBlock } from '../../wire/h2/response.ts';
import type { H2Stream } from './stream.ts';

export class StreamAnswer {
  bytesSent = 0;
  bodyBytesSent = 0;
  /** The client has been told that no more comes. */
  endSent = false;
  readonly #stream: H2Stream;
  /** What the client may still be sent. */
  #window: number;
  #outbox: Outbox | undefined;
  /** It waits for its turn. */
  #queued = false;
  #sourcePaused = false;
  /** Bytes of the body that are to come, or negative when that is not known. */
  #left = -1;
  #chunkBytes = 0;

  constructor(stream: H2Stream, windowBytes: number) {
    this.#stream = stream;
    this.#window = windowBytes;
  }

  /** Bytes that may not go out yet. */
  get pendingBytes(): number {
    return this.#outbox === undefined ? 0 : this.#outbox.bytes;
  }

  /** True when fewer bytes came than were promised. */
  get short(): boolean {
    return this.#left > 0;
  }

  information(status: number, headers: readonly (readonly [string, string])[]): void {
    this.#block(informationBlock(status, headers), 0);
  }

  head({ location }: Exchange, response: Response, server: string): void {
    this.#chunkBytes = location.core.http2ChunkBytes;
    const { status, contentLength, headers } = response;
    const { clock } = this.#stream.connection.engine;
    const toldLength = status === 204 || status === 304 ? -1 : contentLength;
    const block = responseBlock(status, server, clock.wallMs(), headers, toldLength);
    this.#left = response.headOnly ? 0 : contentLength;
    this.endSent = response.headOnly || (contentLength === 0 && !response.trailers);
    this.#block(block, this.endSent ? END_STREAM : 0);
  }

  /** 101 and its fields are words of HTTP/1: here the tunnel stands with 200 (RFC 8441 §5). */
  tunnelHead({ location }: Exchange, response: Response, server: string): void {
    this.#chunkBytes = location.core.http2ChunkBytes;
    for (const key of ['sec-websocket-accept', 'upgrade', 'connection']) response.headers.remove(key);
    response.status = 200;
    const { clock } = this.#stream.connection.engine;
    this.#block(responseBlock(200, server, clock.wallMs(), response.headers, -1), 0);
  }

  #block(block: string, flags: number): void {
    const { connection, gone, streamId } = this.#stream;
    if (gone) return;
    const { peer } = connection;
    const text = headersFrames(streamId, peer.tableWord() + block, flags, peer.frameBytes);
    this.bytesSent += text.length;
    connection.transport.writeText(text);
  }

  /** A piece of the body. @returns false when its source should pause */
  data(data: Buffer): boolean {
    if (this.#left > 0) this.#left = Math.max(0, this.#left - data.length);
    const sent = this.pendingBytes === 0 ? this.#send(data) : 0;
    if (sent < data.length) {
      (this.#outbox ??= new Outbox()).put(Buffer.from(data.subarray(sent)));
      this.#wait();
    } else if (!this.#stream.connection.flow.crowded) return true;
    this.#sourcePaused = true;
    return false;
  }

  /** Sends as much as the windows allow. @returns how much that was */
  #send(data: Buffer): number {
    let at = 0;
    while (at < data.length) {
      const bytes = this.#frameBytes(data.length - at);
      if (bytes <= 0) break;
      at += bytes;
      this.#frame(data.subarray(at - bytes, at), at === data.length);
    }
    return at;
  }

  #frameBytes(wanted: number): number {
    const { flow, peer } = this.#stream.connection;
    return Math.min(wanted, this.#chunkBytes, peer.frameBytes, this.#window, flow.sendable);
  }

  /** @param all nothing else waits to be sent: with the last byte of a body goes its end */
  #frame(data: Buffer, all: boolean): void {
    const { connection, exchange, streamId } = this.#stream;
    const bytes = data.length;
    const last = all && this.#left === 0 && !exchange.response?.trailers;
    if (last) this.endSent = true;
    connection.transport.writeText(frameHead(bytes, DATA, last ? END_STREAM : 0, streamId));
    connection.transport.writeBytes(data);
    this.#window -= bytes;
    connection.flow.sent(bytes);
    this.bytesSent += bytes + HEAD_BYTES;
    this.bodyBytesSent += bytes;
  }

  /** Something waits for its turn, or for the client's window. */
  #wait(): void {
    this.#stream.expire(this.#stream.exchange.location.core.sendTimeoutMs);
    if (this.#queued || this.#window <= 0) return;
    this.#queued = true;
    this.#stream.connection.flow.enqueue(this.#stream);
  }

  /** Its turn: one frame goes out, where there is one. @returns true when that was the last that waited */
  sendNext(): boolean {
    this.#queued = false;
    const outbox = this.#outbox;
    if (outbox === undefined || outbox.empty) return false;
    const bytes = this.#frameBytes(outbox.bytes);
    if (bytes > 0) {
      const data = outbox.take(bytes);
      this.#frame(data, outbox.empty);
    }
    if (outbox.empty) return true;
    this.#wait();
    return false;
  }

  /** Changes the window. @returns false when it becomes too large */
  shift(bytes: number): boolean {
    if (this.#window + bytes > MOST_WINDOW_BYTES) return false;
    this.#window += bytes;
    if (this.pendingBytes > 0 && this.#window > 0) this.#wait();
    return true;
  }

  /** There is room again. @returns true when a source has waited for that, and may go on */
  wakes(): boolean {
    if (!this.#sourcePaused || this.pendingBytes > 0) return false;
    this.#sourcePaused = false;
    return true;
  }

  /** Tells the client that no more comes, where it does not know. */
  end({ response }: Exchange): void {
    if (this.endSent) return;
    this.endSent = true;
    const trailers = response?.trailers;
    if (trailers && trailers.size > 0) return this.#block(fieldBlock(trailers), END_STREAM);
    const { connection, streamId } = this.#stream;
    connection.transport.writeText(frameHead(0, DATA, END_STREAM, streamId));
    this.bytesSent += HEAD_BYTES;
  }

  /** What waits is not sent any more. */
  drop(): void {
    this.#outbox?.clear();
  }
}
