/** A client's HTTP/2 connection (RFC 9113): hands each frame to the part of it that the frame is for. */
import type { Engine, OpenConnection } from '../../engine.ts';
import type { ListenerTable } from '../../listen.ts';
import type { Transport, TransportOwner } from '../../transport/transport.ts';
import {
  ACK,
  CONTINUATION,
  ConnectionFault,
  DEFAULT_WINDOW_BYTES,
  END_STREAM,
  HEADERS,
  PING,
  PRIORITY_UPDATE,
  PROTOCOL_ERROR,
  pingFrame,
  RST_STREAM,
  SETTINGS,
  SETTINGS_ACK,
  WINDOW_UPDATE,
  wordAt,
} from '../../wire/h2/frame.ts';
import { checkFrame, identifier } from '../../wire/h2/frame-check.ts';
import { FrameReader, type FrameTaker } from '../../wire/h2/frame-reader.ts';
import { FloodGuard } from '../../wire/h2/guard.ts';
import { priorityOf } from '../../wire/h2/priority.ts';
import { PeerSettings } from '../../wire/h2/settings.ts';
import { ConnectionTables } from '../connection-tables.ts';
import type { ConnectionFacts } from '../downstream.ts';
import { Flow } from './flow.ts';
import { Intake } from './intake.ts';
import { Life } from './life.ts';
import { greeting, PrefaceReader } from './preface.ts';
import type { H2Stream } from './stream.ts';
import { Streams } from './streams.ts';

/** More than bodies ever leave in the transport: the client asks and asks and takes no answers, so nothing is read of it meanwhile. */
const MOST_PENDING_BYTES = 1_048_576;

export class H2Connection implements TransportOwner, FrameTaker, OpenConnection {
  readonly id: number;
  readonly startedMs: number;
  readonly facts: ConnectionFacts;
  readonly engine: Engine;
  requests = 0;
  transport!: Transport;
  flow!: Flow;
  readonly tables: ConnectionTables;
  readonly guard: FloodGuard;
  readonly intake: Intake;
  readonly life: Life;
  readonly streams = new Streams();
  readonly peer = new PeerSettings();
  readonly #preface = new PrefaceReader();
  readonly #reader = new FrameReader(this);
  /** The client has read our settings. */
  #acknowledged = false;
  /** Whose DATA frame is being read, where it is of use. */
  #dataStream: H2Stream | undefined;

  constructor(engine: Engine, listener: ListenerTable, facts: ConnectionFacts) {
    this.engine = engine;
    this.facts = facts;
    this.tables = new ConnectionTables(engine.tables, listener, facts.tls);
    this.id = engine.nextConnectionId();
    this.startedMs = engine.clock.nowMs();
    this.guard = new FloodGuard(engine.clock);
    this.intake = new Intake(this);
    this.life = new Life(this);
  }

  /** From here on its bytes come, the preface first. */
  open(transport: Transport): void {
    this.transport = transport;
    this.flow = new Flow(transport, this.guard);
    transport.writeText(greeting(this.tables.first.model.core));
    this.life.awaitNext();
  }

  /** Whether clients are told that they may ask for tunnels. */
  get acceptsTunnels(): boolean {
    return this.tables.first.model.core.http2ExtendedConnect;
  }

  get idle(): boolean {
    return this.streams.size === 0;
  }

  /** True within a frame. */
  get partial(): boolean {
    return this.#reader.partial;
  }

  /** The stream of a header block of which a part has come, or 0. */
  get partialBlock(): number {
    return this.intake.stream || this.#reader.partialBlock;
  }

  /**
   * What a client may send on a stream before somebody takes the body. One that has not heard of our settings yet goes by
   * the window that RFC 9113 starts with.
   */
  get bodyWindowBytes(): number {
    const { http2BodyPrereadBytes } = this.tables.first.model.core;
    return this.#acknowledged ? http2BodyPrereadBytes : Math.max(http2BodyPrereadBytes, DEFAULT_WINDOW_BYTES);
  }

  // --- frames in ---

  transportConnected(): void {}

  transportData(bytes: Buffer): void {
    if (this.life.closing) return this.life.lingerOn();
    try {
      const skipped = this.#preface.read(bytes);
      this.#reader.feed(skipped === 0 ? bytes : bytes.subarray(skipped), this.intake.mostBlockBytes);
    } catch (error) {
      if (!(error instanceof ConnectionFault)) throw error;
      return this.life.fail(error);
    }
    if (this.life.closing) return;
    if (this.transport.pendingBytes > MOST_PENDING_BYTES) this.life.pauseForOutput();
    this.life.awaitNext();
  }

  /** What is left of the bytes at hand is not read. */
  stopReading(): void {
    this.#reader.stopped = true;
  }

  frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type !== CONTINUATION || stream !== this.intake.stream) this.#mustBeBetweenBlocks();
    checkFrame(type, flags, stream, payload.length);
    switch (type) {
      case HEADERS:
        return this.intake.headers(flags, stream, payload);
      case CONTINUATION:
        return this.intake.continuation(flags, payload);
      case RST_STREAM:
        return this.#reset(stream, payload);
    }
    this.guard.idleFrame();
    switch (type) {
      case WINDOW_UPDATE:
        return this.#windowUpdate(stream, payload);
      case SETTINGS:
        return this.#settings(flags, payload);
      case PING:
        return this.#ping(flags, payload);
      case PRIORITY_UPDATE:
        return this.#priorityUpdate(payload);
    }
  }

  #mustBeBetweenBlocks(): void {
    if (this.intake.stream !== 0)
      throw new ConnectionFault(PROTOCOL_ERROR, 'inappropriate frame while CONTINUATION was expected');
  }

  #reset(id: number, payload: Buffer): void {
    this.streams.mustBeKnown(id, 'RST_STREAM');
    const stream = this.streams.get(id);
    if (!stream) return this.guard.idleFrame();
    stream.cancelled(wordAt(payload, 0));
    this.guard.lostStream();
  }

  #windowUpdate(id: number, payload: Buffer): void {
    const bytes = wordAt(payload, 0) & 0x7fffffff;
    if (id === 0) return this.flow.widen(bytes);
    this.streams.mustBeKnown(id, 'WINDOW_UPDATE');
    this.streams.get(id)?.widen(bytes);
  }

  #settings(flags: number, payload: Buffer): void {
    if (flags & ACK) {
      this.#acknowledged = true;
      return;
    }
    const before = this.peer.windowBytes;
    this.peer.read(payload);
    this.transport.writeText(SETTINGS_ACK);
    if (this.peer.windowBytes === before) return;
    this.streams.shiftWindows(this.peer.windowBytes - before);
    this.flow.pump();
  }

  #ping(flags: number, payload: Buffer): void {
    const text = payload.latin1Slice();
    if (flags & ACK) this.life.pong(text);
    else this.transport.writeText(pingFrame(text, ACK));
  }

  #priorityUpdate(payload: Buffer): void {
    const id = wordAt(payload, 0) & 0x7fffffff;
    identifier(id % 2 === 1, 'PRIORITY_UPDATE');
    const priority = priorityOf(payload.latin1Slice(4));
    if (priority !== undefined) this.streams.prioritize(id, priority);
  }

  dataBegin(flags: number, id: number, bytes: number): void {
    this.#mustBeBetweenBlocks();
    this.streams.mustBeKnown(id, 'DATA');
    const last = (flags & END_STREAM) !== 0;
    if (bytes > 0) this.guard.payload();
    else if (!last) this.guard.idleFrame();
    this.flow.received(bytes);
    const stream = this.streams.get(id);
    this.#dataStream = stream?.dataBegin(bytes, last) ? stream : undefined;
  }

  dataPiece(data: Buffer): void {
    this.#dataStream?.dataPiece(data);
  }

  dataEnd(): void {
    const stream = this.#dataStream;
    this.#dataStream = undefined;
    stream?.dataEnd();
  }

  // --- time and end ---

  /** The stream is over on moat's side. @param open the client may still send on it */
  release(stream: H2Stream, open: boolean): void {
    if (!this.streams.remove(stream, open)) return;
    if (this.#dataStream === stream) this.#dataStream = undefined;
    if (this.streams.size === 0) this.life.idle();
  }

  /** Nobody is there any more to answer. */
  dropStreams(): void {
    this.streams.drop();
    this.flow.clear();
  }

  transportDrained(): void {
    this.life.drained();
    this.flow.pump();
    this.streams.drained();
    if (!this.life.closing) this.life.awaitNext();
  }

  transportEnded(): void {
    this.life.clientEnded();
  }

  transportClosed(): void {
    this.life.over();
    this.engine.forget(this);
    if (this.streams.size > 0) this.facts.tls?.keep();
    this.dropStreams();
  }

  drain(): void {
    this.life.warn();
  }

  destroy(): void {
    this.life.destroy();
  }

  log(level: 'info' | 'error', message: string): void {
    const { localAddress, localPort } = this.facts;
    const where = localAddress.startsWith('unix:') ? localAddress : `${localAddress}:${localPort}`;
    this.tables.first.root.errorLog.writeOfConnection(
      level,
      this.facts,
      where,
      `${message} while processing HTTP/2 connection`,
    );
  }
}
