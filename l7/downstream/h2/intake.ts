/** What opens streams: header blocks, and the requests and trailers that they become. */
import {
  ConnectionFault,
  END_STREAM,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  resetFrame,
  STREAM_CLOSED,
} from '../../wire/h2/frame.ts';
import { identifier } from '../../wire/h2/frame-check.ts';
import { HeaderBlock } from '../../wire/h2/header-block.ts';
import { type FieldTaker, HpackDecoder } from '../../wire/h2/hpack-decoder.ts';
import { RequestReader, TrailerReader } from '../../wire/h2/request.ts';
import type { H2Connection } from './connection.ts';
import { H2Stream } from './stream.ts';

/** What a header block is for. */
type BlockUse = 'request' | 'trailer' | 'nothing';

export class Intake {
  /** The time for the block that is coming runs already. */
  timed = false;
  readonly #connection: H2Connection;
  readonly #block = new HeaderBlock();
  readonly #hpack = new HpackDecoder();
  #use: BlockUse = 'nothing';
  /** The header block of this stream took too long: it is not heeded any more. */
  #late = 0;

  constructor(connection: H2Connection) {
    this.#connection = connection;
  }

  /** The stream of the block of which a part has come, or 0. */
  get stream(): number {
    return this.#block.stream;
  }

  /** Huffman codes make what nobody says longer, not shorter. */
  get mostBlockBytes(): number {
    const { largeHeaderBuffers: buffers } = this.#connection.tables.first.model.core;
    return buffers.bytes * buffers.count * 2;
  }

  /** The block takes too long. @returns false when that is known already */
  giveUp(stream: number): boolean {
    if (this.#late === stream) return false;
    this.#late = stream;
    return true;
  }

  /** A HEADERS frame. @throws {ConnectionFault} */
  headers(flags: number, stream: number, payload: Buffer): void {
    const block = this.#block.begin(flags, stream, payload, this.mostBlockBytes);
    this.#use = this.#useOf(stream, flags);
    if (block) this.#complete(stream, block);
  }

  /** A CONTINUATION frame. @throws {ConnectionFault} */
  continuation(flags: number, payload: Buffer): void {
    const { stream } = this.#block;
    if (stream === 0) throw new ConnectionFault(PROTOCOL_ERROR, 'unexpected CONTINUATION frame');
    if (payload.length === 0) this.#connection.guard.idleFrame();
    const block = this.#block.continue(flags, payload, this.mostBlockBytes);
    if (block) this.#complete(stream, block);
  }

  #useOf(id: number, flags: number): BlockUse {
    const { streams } = this.#connection;
    const stream = streams.get(id);
    if (stream) {
      if (!stream.ended && flags & END_STREAM) return 'trailer';
      stream.fail(stream.ended ? STREAM_CLOSED : PROTOCOL_ERROR, 'HEADERS frame within a stream');
      return 'nothing';
    }
    if (id > streams.last) {
      streams.last = id;
      return this.#mayOpen(id) ? 'request' : 'nothing';
    }
    identifier(streams.wasCut(id), 'HEADERS');
    return 'nothing';
  }

  #mayOpen(id: number): boolean {
    const connection = this.#connection;
    const { size } = connection.streams;
    if (connection.life.leaving) return false;
    if (size < connection.tables.first.model.core.http2MaxConcurrentStreams) return true;
    connection.log('info', `concurrent streams exceeded ${size}`);
    connection.engine.traffic.malformed('too many concurrent streams');
    connection.guard.lostStream();
    connection.transport.writeText(resetFrame(id, REFUSED_STREAM));
    connection.streams.rememberCut(id);
    return false;
  }

  #complete(id: number, block: Buffer): void {
    const use = this.#late === id ? 'nothing' : this.#use;
    this.#late = 0;
    this.timed = false;
    this.#connection.guard.payload();
    if (use === 'request') this.#request(id, block);
    else if (use === 'trailer') this.#trailer(id, block);
    else this.#decode(block, NOBODY);
  }

  #decode(block: Buffer, taker: FieldTaker): void {
    const { largeHeaderBuffers: buffers } = this.#connection.tables.first.model.core;
    const limits = { fieldBytes: buffers.bytes, totalBytes: buffers.bytes * buffers.count };
    this.#hpack.decode(block, limits, taker);
  }

  #trailer(id: number, block: Buffer): void {
    const trailer = new TrailerReader();
    this.#decode(block, trailer);
    const stream = this.#connection.streams.get(id);
    if (trailer.fault) stream?.fail(PROTOCOL_ERROR, 'invalid trailer');
    else stream?.bodyOver();
  }

  #request(id: number, block: Buffer): void {
    const connection = this.#connection;
    connection.tables.renew(connection.engine);
    const request = new RequestReader(connection.tables.first.model.core);
    this.#decode(block, request);
    const ended = (this.#block.flags & END_STREAM) !== 0;
    const head = request.finish(ended);
    head.headBytes = block.length;
    connection.requests++;
    const stream = new H2Stream(connection, id, connection.peer.windowBytes);
    connection.streams.add(stream);
    connection.life.countRequest();
    stream.begin(request, head, ended);
  }
}

/** Takes the fields of blocks that must be read for what they do to the table, and are of no other use. */
const NOBODY: FieldTaker = { field() {} };
