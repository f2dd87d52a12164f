/** An HTTP/2 connection to a member of a pool; one call at a time, as nginx has it, each on a stream of its own. */

import type { StreamTransport } from '../transport/stream.ts';
import type { TransportOwner } from '../transport/transport.ts';
import { UpstreamFault } from '../wire/h1/response.ts';
import {
  ACK,
  CONTINUATION,
  ConnectionFault,
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  GOAWAY,
  HEADERS,
  MOST_WINDOW_BYTES,
  PING,
  PREFACE,
  PROTOCOL_ERROR,
  pingFrame,
  REFUSED_STREAM,
  RST_STREAM,
  SETTINGS,
  SETTINGS_ACK,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_INITIAL_WINDOW_SIZE,
  STREAM_CLOSED,
  settingsFrame,
  WINDOW_UPDATE,
  windowFrame,
  wordAt,
} from '../wire/h2/frame.ts';
import { checkFrame } from '../wire/h2/frame-check.ts';
import { FrameReader, type FrameTaker } from '../wire/h2/frame-reader.ts';
import { FloodGuard } from '../wire/h2/guard.ts';
import { HeaderBlock } from '../wire/h2/header-block.ts';
import { PeerSettings } from '../wire/h2/settings.ts';
import type { UpstreamCall } from './connection.ts';
import { PREMATURE } from './failure.ts';
import { type AnswerOwner, AnswerStream } from './h2-answer.ts';
import { RequestStream } from './h2-request-stream.ts';
import { KeptConnection } from './kept-connection.ts';
import type { Member, Pool } from './pool.ts';

/** Answers to pings and settings that the server does not read. */
const MOST_PENDING_BYTES = 1_048_576;

/** One answer at a time: it is held back by not reading, never by windows. */
const GREETING =
  PREFACE +
  settingsFrame([
    [SETTINGS_ENABLE_PUSH, 0],
    [SETTINGS_INITIAL_WINDOW_SIZE, MOST_WINDOW_BYTES],
  ]) +
  windowFrame(0, MOST_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);

export class Http2UpstreamConnection
  extends KeptConnection
  implements TransportOwner, FrameTaker, AnswerOwner
{
  /** What TLS must have agreed on; '' for plain bytes. */
  readonly alpn: string;
  readonly framesBodies = true;
  #transport!: StreamTransport;
  #request!: RequestStream;
  readonly #frames = new FrameReader(this);
  readonly #answer = new AnswerStream(this);
  readonly #block = new HeaderBlock();
  readonly #peer = new PeerSettings();
  readonly #guard: FloodGuard;
  /** The server's SETTINGS came: it speaks HTTP/2. */
  #greeted = false;
  /** The server takes no more streams. */
  #leaving = false;
  /** The DATA frame at hand is the last one. */
  #lastData = false;
  /** Since the server was last let send more: on the connection, on the stream. */
  #received = 0;
  #streamReceived = 0;

  constructor(pool: Pool, member: Member, key: string, alpn: string) {
    super(pool, member, key);
    this.alpn = alpn;
    this.#guard = new FloodGuard(pool.worker.clock);
  }

  get transport(): StreamTransport {
    return this.#transport;
  }

  set transport(transport: StreamTransport) {
    this.#transport = transport;
    this.#request = new RequestStream(transport);
  }

  get pendingBytes(): number {
    return this.#request.pendingBytes;
  }

  protected begin(): void {
    this.#request.begin(this.#peer.windowBytes);
    this.#answer.begin();
    this.#lastData = false;
    this.#streamReceived = 0;
  }

  sendWhole(head: string, body: string): void {
    this.#request.head(head, body === '');
    if (body !== '') this.write(Buffer.from(body, 'latin1'));
    this.requestSent();
  }

  writeText(text: string): void {
    if (text !== '') this.#request.head(text, false);
  }

  write(data: Buffer): boolean {
    this.#request.body(data);
    return !this.#request.crowded;
  }

  requestSent(): void {
    this.#request.end();
  }

  transportConnected(): void {
    if (this.#transport.alpn !== this.alpn)
      return this.fail('connect', 'upstream did not agree on HTTP/2 (ALPN)');
    this.connected = true;
    this.#transport.writeText(GREETING);
    this.call?.connected();
  }

  transportDrained(): void {
    this.#pump();
  }

  /** More of the request may go. */
  #pump(): void {
    if (this.call && this.#request.pump()) this.call.drained();
  }

  transportData(bytes: Buffer): void {
    this.bytesReceived += bytes.length;
    try {
      this.#frames.feed(bytes, this.#mostHeadBytes);
    } catch (error) {
      if (error instanceof UpstreamFault) return this.fail('invalid', error.message);
      if (!(error instanceof ConnectionFault)) throw error;
      this.fail('invalid', reasonOf(error, this.#greeted));
    }
  }

  get #mostHeadBytes(): number {
    return this.call?.mostHeadBytes ?? DEFAULT_FRAME_BYTES;
  }

  frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === CONTINUATION)
      this.#mustBe(stream !== 0 && stream === this.#block.stream, 'CONTINUATION frame');
    else this.#mustBeBetweenBlocks();
    this.#mustBe(this.#greeted || type === SETTINGS, 'frame before SETTINGS');
    checkFrame(type, flags, stream, payload.length);
    if (type === HEADERS) return this.#headers(flags, stream, payload);
    this.#guard.idleFrame();
    switch (type) {
      case CONTINUATION:
        return this.#takeBlock(this.#block.continue(flags, payload, this.#mostHeadBytes));
      case RST_STREAM:
        return this.#reset(stream, wordAt(payload, 0));
      case WINDOW_UPDATE:
        this.#request.widen(stream, wordAt(payload, 0) & 0x7fffffff);
        return this.#pump();
      case SETTINGS:
        return this.#settings(flags, payload);
      case PING:
        if (!(flags & ACK)) this.#reply(pingFrame(payload.latin1Slice(), ACK));
        return;
      case GOAWAY:
        return this.#goAway(wordAt(payload, 0) & 0x7fffffff, wordAt(payload, 4));
    }
  }

  #mustBe(right: boolean, frame: string): void {
    if (!right) throw new ConnectionFault(PROTOCOL_ERROR, `inappropriate ${frame}`);
  }

  #mustBeBetweenBlocks(): void {
    this.#mustBe(this.#block.stream === 0, 'frame while CONTINUATION was expected');
  }

  #reply(text: string): void {
    if (this.#transport.pendingBytes > MOST_PENDING_BYTES)
      throw new ConnectionFault(ENHANCE_YOUR_CALM, 'flood of frames');
    this.#transport.writeText(text);
  }

  #settings(flags: number, payload: Buffer): void {
    if (flags & ACK) return;
    this.#greeted = true;
    const before = this.#peer.windowBytes;
    this.#peer.read(payload);
    this.#reply(SETTINGS_ACK);
    if (this.#peer.windowBytes === before) return;
    this.#request.shiftWindow(this.#peer.windowBytes - before);
    this.#pump();
  }

  #reset(stream: number, code: number): void {
    if (!this.call || stream !== this.#request.id) return;
    // What was refused was not looked at: another member may have it.
    this.fail(code === REFUSED_STREAM ? 'closed' : 'invalid', `upstream reset the stream with error ${code}`);
  }

  #goAway(lastStream: number, code: number): void {
    this.#leaving = true;
    if (!this.call) return this.destroy();
    if (lastStream < this.#request.id) this.fail('closed', `upstream sent GOAWAY with error ${code}`);
  }

  #headers(flags: number, stream: number, payload: Buffer): void {
    if (!this.call || stream !== this.#request.id)
      throw new ConnectionFault(STREAM_CLOSED, 'HEADERS frame on a stream that is not open');
    this.#takeBlock(this.#block.begin(flags, stream, payload, this.#mostHeadBytes));
  }

  /** @param block undefined: it goes on */
  #takeBlock(block: Buffer | undefined): void {
    const { call } = this;
    if (!block || !call) return;
    this.#answer.block(block, (this.#block.flags & END_STREAM) !== 0, call);
  }

  dataBegin(flags: number, stream: number, bytes: number): void {
    this.#mustBeBetweenBlocks();
    if (!this.call || stream !== this.#request.id || !this.#answer.responded)
      throw new ConnectionFault(STREAM_CLOSED, 'DATA frame on a stream that is not open');
    this.#lastData = (flags & END_STREAM) !== 0;
    if (bytes > 0) this.#guard.payload();
    else if (!this.#lastData) this.#guard.idleFrame();
    this.#letSendMore(bytes);
  }

  #letSendMore(bytes: number): void {
    this.#received += bytes;
    this.#streamReceived += bytes;
    if (this.#received >= MOST_WINDOW_BYTES / 2) {
      this.#transport.writeText(windowFrame(0, this.#received));
      this.#received = 0;
    }
    if (this.#streamReceived >= MOST_WINDOW_BYTES / 2) {
      this.#transport.writeText(windowFrame(this.#request.id, this.#streamReceived));
      this.#streamReceived = 0;
    }
  }

  dataPiece(data: Buffer): void {
    if (this.call) this.#answer.data(data, this.call);
  }

  dataEnd(): void {
    if (this.#lastData && this.call) this.#answer.end('', this.call);
  }

  /** The response is whole; the connection goes back to its pool first, so that the call may use it again at once. */
  answerComplete(call: UpstreamCall, trailer: string, ended: boolean): void {
    this.call = undefined;
    if (!ended || this.#leaving || !this.#request.ended || !this.rest()) this.destroy();
    call.responseEnd(trailer);
  }

  transportEnded(): void {
    this.fail('closed', PREMATURE);
  }

  override destroy(): void {
    this.#frames.stopped = true;
    super.destroy();
  }
}

/** @param greeted whether it was HTTP/2 at all that came */
function reasonOf({ code, message }: ConnectionFault, greeted: boolean): string {
  if (!greeted) return 'upstream does not speak HTTP/2';
  if (message === 'too large request head') return 'upstream sent too big header';
  return `upstream broke HTTP/2: ${message} (error ${code})`;
}
