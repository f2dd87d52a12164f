/** A client's HTTP/2 connection (RFC 9113): frames in, streams side by side, frames out within their windows. */
import { Deadline, type DeadlineOwner } from '../../deadline.ts';
import type { Engine, OpenConnection } from '../../engine.ts';
import type { ListenerTable } from '../../listen.ts';
import type { ServerTable, Tables } from '../../tables.ts';
import type { Transport, TransportOwner } from '../../transport/transport.ts';
import {
  ACK,
  CONTINUATION,
  ConnectionFault,
  DEFAULT_WINDOW_BYTES,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  GOAWAY,
  goAwayFrame,
  HEADERS,
  MOST_FRAME_BYTES,
  MOST_STREAM_ID,
  MOST_WINDOW_BYTES,
  NO_ERROR,
  PING,
  PREFACE,
  PRIORITY,
  PRIORITY_UPDATE,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  pingFrame,
  REFUSED_STREAM,
  RST_STREAM,
  resetFrame,
  SETTINGS,
  SETTINGS_ACK,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_FRAME_SIZE,
  SETTINGS_NO_RFC7540_PRIORITIES,
  STREAM_CLOSED,
  settingsFrame,
  WINDOW_UPDATE,
  windowFrame,
  wordAt,
} from '../../wire/h2/frame.ts';
import { FrameReader, type FrameTaker } from '../../wire/h2/frame-reader.ts';
import { type BlockLimits, type FieldTaker, HpackDecoder } from '../../wire/h2/hpack-decoder.ts';
import { priorityOf } from '../../wire/h2/priority.ts';
import { RequestReader, TrailerReader } from '../../wire/h2/request.ts';
import { PeerSettings } from '../../wire/h2/settings.ts';
import type { ConnectionFacts } from '../downstream.ts';
import { FloodGuard } from './guard.ts';
import { HeaderBlock } from './header-block.ts';
import { Recent } from './recent.ts';
import { H2Stream } from './stream.ts';
import { Turns } from './turns.ts';

/** Bytes that may wait in the transport before bodies have to wait in their streams. */
const HIGH_WATER_BYTES = 131_072;
/** More than bodies ever leave there: the client asks and asks and takes no answers, so nothing is read of it meanwhile. */
const MOST_PENDING_BYTES = 1_048_576;
/** Streams that moat closed while their clients could still send: frames on them are no fault. */
const MOST_CUT = 128;
/** Streams that are not open yet and have a priority already. */
const MOST_EARLY = 32;
/** Frames with less are no sign of useful work. */
const LEAST_USEFUL_BYTES = 64;
/** How long a client that is asked to leave may take to say that it knows. */
const FAREWELL_MS = 1000;
const FAREWELL = 'farewell';

/** How metrics tell of all faults that end a connection or a stream, but for those that look like attacks. */
export const PROTOCOL_FAULT = 'an HTTP/2 protocol error';

/** What a header block is for. */
type BlockUse = 'request' | 'trailer' | 'nothing';

export class H2Connection implements TransportOwner, DeadlineOwner, FrameTaker, OpenConnection {
  readonly id: number;
  readonly startedMs: number;
  readonly facts: ConnectionFacts;
  readonly engine: Engine;
  requests = 0;
  listener: ListenerTable;
  /** Those that `listener` is of. */
  tables: Tables;
  /** Whose settings hold for the connection. */
  #first: ServerTable;
  transport!: Transport;
  readonly guard: FloodGuard;
  readonly #reader = new FrameReader(this);
  readonly #hpack = new HpackDecoder();
  readonly #deadline: Deadline;
  readonly #streams = new Map<number, H2Stream>();
  /** Streams that moat closed while their clients could still send. */
  #cut: Recent<true> | undefined;
  readonly #turns = new Turns();
  /** Priorities of streams that are to come. */
  #early: Recent<number> | undefined;
  #lastStream = 0;
  /** What the client may still be sent. */
  #window = DEFAULT_WINDOW_BYTES;
  #received = 0;
  /** How much of the preface has come. */
  #prefaceAt = 0;
  readonly peer = new PeerSettings();
  /** The client has read our settings. */
  #acknowledged = false;
  readonly #block = new HeaderBlock();
  #blockUse: BlockUse = 'nothing';
  /** The header block of this stream took too long: it is not heeded any more. */
  #lateBlock = 0;
  #headTimed = false;
  #dataStream: H2Stream | undefined;
  #pausedForOutput = false;
  /** Streams after this one are not served any more. */
  #leaving = false;
  /** moat is stopping, and has said so. */
  #warned = false;
  #closing = false;
  #lingerUntilMs = 0;

  constructor(engine: Engine, listener: ListenerTable, facts: ConnectionFacts) {
    this.engine = engine;
    this.listener = listener;
    this.tables = engine.tables;
    this.facts = facts;
    this.id = engine.nextConnectionId();
    this.startedMs = engine.clock.nowMs();
    this.guard = new FloodGuard(engine.clock);
    this.#deadline = new Deadline(engine.clock, this);
    this.#first = facts.tls ? listener.find(facts.tls.serverName) : listener.default;
  }

  /** From here on its bytes come, the preface first. */
  open(transport: Transport): void {
    this.transport = transport;
    const { http2MaxConcurrentStreams, http2BodyPrereadBytes } = this.#first.model.core;
    transport.writeText(
      settingsFrame([
        [SETTINGS_MAX_CONCURRENT_STREAMS, http2MaxConcurrentStreams],
        [SETTINGS_INITIAL_WINDOW_SIZE, http2BodyPrereadBytes],
        [SETTINGS_MAX_FRAME_SIZE, MOST_FRAME_BYTES],
        [SETTINGS_NO_RFC7540_PRIORITIES, 1],
        ...(this.acceptsTunnels ? [[SETTINGS_ENABLE_CONNECT_PROTOCOL, 1] as const] : []),
      ]) + windowFrame(0, MOST_WINDOW_BYTES - DEFAULT_WINDOW_BYTES),
    );
    this.#deadline.set(this.#first.model.core.clientHeaderTimeoutMs);
  }

  /** Whether clients are told that they may ask for tunnels. */
  get acceptsTunnels(): boolean {
    return this.#first.model.core.http2ExtendedConnect;
  }

  get idle(): boolean {
    return this.#streams.size === 0;
  }

  // --- frames in ---

  transportConnected(): void {}

  transportData(bytes: Buffer): void {
    if (this.#closing) return this.#lingerOn();
    try {
      const skipped = this.#prefaceAt < PREFACE.length ? this.#readPreface(bytes) : 0;
      this.#reader.feed(skipped === 0 ? bytes : bytes.subarray(skipped), this.#mostBlockBytes);
    } catch (error) {
      if (!(error instanceof ConnectionFault)) throw error;
      return this.#fail(error);
    }
    if (this.#closing) return;
    if (this.transport.pendingBytes > MOST_PENDING_BYTES) this.#pauseForOutput();
    this.#setDeadline();
  }

  /** @returns how many bytes belong to it */
  #readPreface(bytes: Buffer): number {
    const at = this.#prefaceAt;
    const length = Math.min(bytes.length, PREFACE.length - at);
    if (bytes.latin1Slice(0, length) !== PREFACE.slice(at, at + length))
      throw new ConnectionFault(PROTOCOL_ERROR, 'invalid HTTP/2 connection preface');
    this.#prefaceAt += length;
    return length;
  }

  /** Huffman codes make what nobody says longer, not shorter. */
  get #mostBlockBytes(): number {
    return this.#blockLimits().totalBytes * 2;
  }

  #blockLimits(): BlockLimits {
    const { largeHeaderBuffers: buffers } = this.#first.model.core;
    return { fieldBytes: buffers.bytes, totalBytes: buffers.bytes * buffers.count };
  }

  frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (this.#block.stream !== 0 && (type !== CONTINUATION || stream !== this.#block.stream))
      throw new ConnectionFault(PROTOCOL_ERROR, 'inappropriate frame while CONTINUATION was expected');
    switch (type) {
      case HEADERS:
        return this.#headers(flags, stream, payload);
      case CONTINUATION:
        return this.#continuation(flags, payload);
      case RST_STREAM:
        return this.#reset(stream, payload);
      case WINDOW_UPDATE:
        return this.#windowUpdate(stream, payload);
    }
    if (!this.guard.idleFrame()) throw new ConnectionFault(ENHANCE_YOUR_CALM, 'flood of frames');
    switch (type) {
      case SETTINGS:
        return this.#settings(flags, stream, payload);
      case PING:
        return this.#ping(flags, stream, payload);
      case PRIORITY:
        return this.#priority(stream, payload);
      case PRIORITY_UPDATE:
        return this.#priorityUpdate(stream, payload);
      case GOAWAY:
        if (stream !== 0) throw new ConnectionFault(PROTOCOL_ERROR, 'GOAWAY frame with incorrect identifier');
        if (payload.length < 8)
          throw new ConnectionFault(FRAME_SIZE_ERROR, 'GOAWAY frame with incorrect length');
        return;
      case PUSH_PROMISE:
        throw new ConnectionFault(PROTOCOL_ERROR, 'PUSH_PROMISE frame');
    }
  }

  #headers(flags: number, stream: number, payload: Buffer): void {
    if (stream % 2 === 0)
      throw new ConnectionFault(PROTOCOL_ERROR, 'HEADERS frame with incorrect identifier');
    const block = this.#block.begin(flags, stream, payload, this.#mostBlockBytes);
    this.#blockUse = this.#useOf(stream, flags);
    if (block) this.#blockComplete(stream, block);
  }

  #useOf(id: number, flags: number): BlockUse {
    const stream = this.#streams.get(id);
    if (stream) {
      if (!stream.ended && flags & END_STREAM) return 'trailer';
      stream.fail(stream.ended ? STREAM_CLOSED : PROTOCOL_ERROR, 'HEADERS frame within a stream');
      return 'nothing';
    }
    if (id > this.#lastStream) {
      this.#lastStream = id;
      return this.#mayOpen(id) ? 'request' : 'nothing';
    }
    if (this.#cut?.has(id)) return 'nothing';
    throw new ConnectionFault(PROTOCOL_ERROR, 'HEADERS frame with incorrect identifier');
  }

  #mayOpen(id: number): boolean {
    if (this.#leaving) return false;
    if (this.#streams.size < this.#first.model.core.http2MaxConcurrentStreams) return true;
    this.#log('info', `concurrent streams exceeded ${this.#streams.size}`);
    this.engine.traffic.malformed('too many concurrent streams');
    this.#refuse(id, REFUSED_STREAM);
    return false;
  }

  #refuse(id: number, code: number): void {
    this.#spendStream();
    this.transport.writeText(resetFrame(id, code));
    this.#rememberCut(id);
  }

  #spendStream(): void {
    if (!this.guard.lostStream()) throw new ConnectionFault(ENHANCE_YOUR_CALM, 'flood of cancelled streams');
  }

  #continuation(flags: number, payload: Buffer): void {
    const { stream } = this.#block;
    if (stream === 0) throw new ConnectionFault(PROTOCOL_ERROR, 'unexpected CONTINUATION frame');
    if (payload.length === 0 && !this.guard.idleFrame())
      throw new ConnectionFault(ENHANCE_YOUR_CALM, 'flood of frames');
    const block = this.#block.continue(flags, payload, this.#mostBlockBytes);
    if (block) this.#blockComplete(stream, block);
  }

  #blockComplete(id: number, block: Buffer): void {
    const use = this.#lateBlock === id ? 'nothing' : this.#blockUse;
    this.#lateBlock = 0;
    this.#headTimed = false;
    this.guard.payload();
    if (use === 'request') this.#request(id, block);
    else if (use === 'trailer') this.#trailer(id, block);
    else this.#hpack.decode(block, this.#blockLimits(), NOBODY);
  }

  #trailer(id: number, block: Buffer): void {
    const trailer = new TrailerReader();
    this.#hpack.decode(block, this.#blockLimits(), trailer);
    const stream = this.#streams.get(id);
    if (trailer.fault) stream?.fail(PROTOCOL_ERROR, 'invalid trailer');
    else stream?.bodyOver();
  }

  #request(id: number, block: Buffer): void {
    this.#renewTables();
    const { core } = this.#first.model;
    const request = new RequestReader(core);
    this.#hpack.decode(block, this.#blockLimits(), request);
    const ended = (this.#block.flags & END_STREAM) !== 0;
    const head = request.finish(ended);
    head.headBytes = block.length;
    this.requests++;
    const stream = new H2Stream(
      this,
      id,
      this.peer.windowBytes,
      this.#bodyWindow(core.http2BodyPrereadBytes),
    );
    this.#streams.set(id, stream);
    this.#countRequest();
    stream.begin(request, head, ended);
  }

  /** A client that has not heard of our settings yet goes by the window that RFC 9113 starts with. */
  #bodyWindow(prereadBytes: number): number {
    return this.#acknowledged ? prereadBytes : Math.max(prereadBytes, DEFAULT_WINDOW_BYTES);
  }

  /** keepalive_requests, keepalive_time: this request is served, later ones are for another connection. */
  #countRequest(): void {
    const { core } = this.#first.root;
    const ageMs = this.engine.clock.nowMs() - this.startedMs;
    if (!this.#leaving && (this.requests >= core.keepaliveRequests || ageMs >= core.keepaliveTimeMs))
      this.#leave();
  }

  /** A reload is for the requests after it. A connection whose address is no longer served goes on as it began. */
  #renewTables(): void {
    const { tables } = this.engine;
    if (tables === this.tables) return;
    const listener = tables.listeners.get(this.listener.key);
    if (!listener) return;
    this.listener = listener;
    this.tables = tables;
    const { tls } = this.facts;
    this.#first = tls ? listener.find(tls.serverName) : listener.default;
  }

  #reset(id: number, payload: Buffer): void {
    if (payload.length !== 4)
      throw new ConnectionFault(FRAME_SIZE_ERROR, 'RST_STREAM frame with incorrect length');
    this.#mustBeKnown(id, 'RST_STREAM');
    const stream = this.#streams.get(id);
    if (!stream) {
      if (!this.guard.idleFrame()) throw new ConnectionFault(ENHANCE_YOUR_CALM, 'flood of frames');
      return;
    }
    stream.cancelled(wordAt(payload, 0));
    this.#spendStream();
  }

  /** Streams that were not opened yet have no business in most frames (RFC 9113 §5.1). */
  #mustBeKnown(id: number, frame: string): void {
    if (id === 0 || id > this.#lastStream || id % 2 === 0)
      throw new ConnectionFault(PROTOCOL_ERROR, `${frame} frame with incorrect identifier`);
  }

  #windowUpdate(id: number, payload: Buffer): void {
    if (payload.length !== 4)
      throw new ConnectionFault(FRAME_SIZE_ERROR, 'WINDOW_UPDATE frame with incorrect length');
    if (!this.guard.idleFrame()) throw new ConnectionFault(ENHANCE_YOUR_CALM, 'flood of frames');
    const bytes = wordAt(payload, 0) & 0x7fffffff;
    if (id !== 0) {
      this.#mustBeKnown(id, 'WINDOW_UPDATE');
      return this.#streams.get(id)?.widen(bytes);
    }
    if (bytes === 0)
      throw new ConnectionFault(PROTOCOL_ERROR, 'WINDOW_UPDATE frame with incorrect window increment 0');
    if (this.#window + bytes > MOST_WINDOW_BYTES)
      throw new ConnectionFault(FLOW_CONTROL_ERROR, 'WINDOW_UPDATE frame beyond the largest window');
    this.#window += bytes;
    this.pump();
  }

  #settings(flags: number, stream: number, payload: Buffer): void {
    if (stream !== 0) throw new ConnectionFault(PROTOCOL_ERROR, 'SETTINGS frame with incorrect identifier');
    if (flags & ACK) {
      if (payload.length !== 0)
        throw new ConnectionFault(FRAME_SIZE_ERROR, 'SETTINGS frame with the ACK flag and nonzero length');
      this.#acknowledged = true;
      return;
    }
    const before = this.peer.windowBytes;
    this.peer.read(payload);
    this.transport.writeText(SETTINGS_ACK);
    if (this.peer.windowBytes !== before) this.#shiftAll(this.peer.windowBytes - before);
  }

  /** RFC 9113 §6.9.2: a new initial window changes those of open streams, which may become negative. */
  #shiftAll(change: number): void {
    for (const stream of this.#streams.values()) {
      if (!stream.shift(change))
        throw new ConnectionFault(FLOW_CONTROL_ERROR, 'SETTINGS frame beyond the largest window');
    }
    this.pump();
  }

  #ping(flags: number, stream: number, payload: Buffer): void {
    if (stream !== 0) throw new ConnectionFault(PROTOCOL_ERROR, 'PING frame with incorrect identifier');
    if (payload.length !== 8) throw new ConnectionFault(FRAME_SIZE_ERROR, 'PING frame with incorrect length');
    const text = payload.latin1Slice();
    if (!(flags & ACK)) this.transport.writeText(pingFrame(text, ACK));
    else if (text === FAREWELL && this.#warned) this.#leave();
  }

  #priority(id: number, payload: Buffer): void {
    if (id === 0) throw new ConnectionFault(PROTOCOL_ERROR, 'PRIORITY frame with incorrect identifier');
    if (payload.length !== 5)
      throw new ConnectionFault(FRAME_SIZE_ERROR, 'PRIORITY frame with incorrect length');
  }

  /** RFC 9218 §7.1: also for streams that are not open yet. */
  #priorityUpdate(stream: number, payload: Buffer): void {
    if (payload.length < 4)
      throw new ConnectionFault(FRAME_SIZE_ERROR, 'PRIORITY_UPDATE frame with incorrect length');
    const id = wordAt(payload, 0) & 0x7fffffff;
    if (stream !== 0 || id % 2 === 0)
      throw new ConnectionFault(PROTOCOL_ERROR, 'PRIORITY_UPDATE frame with incorrect identifier');
    const priority = priorityOf(payload.latin1Slice(4));
    if (priority === undefined) return;
    const open = this.#streams.get(id);
    if (open) open.priority = priority;
    else if (id > this.#lastStream) (this.#early ??= new Recent(MOST_EARLY)).set(id, priority);
  }

  /** What was said of the stream before it was opened. */
  earlyPriority(id: number): number | undefined {
    return this.#early?.take(id);
  }

  // --- bodies in ---

  dataBegin(flags: number, id: number, bytes: number): void {
    if (this.#block.stream !== 0)
      throw new ConnectionFault(PROTOCOL_ERROR, 'inappropriate frame while CONTINUATION was expected');
    this.#mustBeKnown(id, 'DATA');
    if (bytes > 0) this.guard.payload();
    else if (!(flags & END_STREAM) && !this.guard.idleFrame())
      throw new ConnectionFault(ENHANCE_YOUR_CALM, 'flood of frames');
    this.#takeFromWindow(bytes);
    const stream = this.#streams.get(id);
    this.#dataStream = stream?.dataBegin(bytes, (flags & END_STREAM) !== 0) ? stream : undefined;
  }

  /** The connection's own window is never what holds a client back: streams have theirs. */
  #takeFromWindow(bytes: number): void {
    this.#received += bytes;
    if (this.#received < MOST_WINDOW_BYTES / 2) return;
    this.transport.writeText(windowFrame(0, this.#received));
    this.#received = 0;
  }

  dataPiece(data: Buffer): void {
    this.#dataStream?.dataPiece(data);
  }

  dataEnd(): void {
    const stream = this.#dataStream;
    this.#dataStream = undefined;
    stream?.dataEnd();
  }

  // --- what streams ask for ---

  /** How many bytes of bodies may go out now. */
  get sendable(): number {
    return this.transport.pendingBytes < HIGH_WATER_BYTES ? this.#window : 0;
  }

  /** True when sources should pause. */
  get crowded(): boolean {
    return this.transport.pendingBytes >= HIGH_WATER_BYTES;
  }

  sent(bytes: number): void {
    this.#window -= bytes;
    // A client that lets us send byte by byte has not earned anything (CVE-2019-9511).
    if (bytes >= LEAST_USEFUL_BYTES) this.guard.payload();
  }

  /** The stream has something to send, and waits for its turn. */
  enqueue(stream: H2Stream): void {
    this.#turns.add(stream);
  }

  /** Sends what waits, a frame at a time, as far as windows and transport allow. */
  pump(): void {
    while (!this.#turns.empty && this.sendable > 0) this.#turns.take().sendNext();
  }

  /** The stream is over on moat's side. @param open the client may still send on it */
  release(stream: H2Stream, open: boolean): void {
    if (!this.#streams.delete(stream.streamId)) return;
    if (open) this.#rememberCut(stream.streamId);
    if (this.#dataStream === stream) this.#dataStream = undefined;
    if (this.#streams.size > 0 || this.#closing) return;
    if (this.#leaving) this.#close();
    else this.#setDeadline();
  }

  #rememberCut(id: number): void {
    (this.#cut ??= new Recent(MOST_CUT)).set(id, true);
  }

  // --- time and end ---

  #setDeadline(): void {
    if (this.#warned && !this.#leaving) return;
    const { core } = this.#first.model;
    if (this.#block.stream !== 0 || this.#reader.partialBlock !== 0) {
      if (!this.#headTimed) this.#deadline.set(core.clientHeaderTimeoutMs);
      this.#headTimed = true;
      return;
    }
    this.#headTimed = false;
    if (this.#pausedForOutput) this.#deadline.set(this.#first.root.core.sendTimeoutMs);
    else if (this.#streams.size > 0) this.#deadline.clear();
    else if (this.requests === 0 || this.#reader.partial) this.#deadline.set(core.clientHeaderTimeoutMs);
    else this.#deadline.set(this.#first.root.core.keepaliveTimeout.idleMs);
  }

  deadlineExpired(): void {
    if (this.#closing) return this.transport.destroy();
    const late = this.#block.stream || this.#reader.partialBlock;
    if (this.#pausedForOutput) this.destroy();
    else if (late !== 0) this.#giveUpBlock(late);
    else if (this.#warned || this.#streams.size === 0) this.#leave();
  }

  #giveUpBlock(id: number): void {
    this.#log('info', 'client timed out');
    this.engine.traffic.malformed('no complete request in time');
    if (this.#lateBlock === id)
      return this.#fail(new ConnectionFault(PROTOCOL_ERROR, 'no complete request in time'));
    this.#lateBlock = id;
    this.transport.writeText(resetFrame(id, PROTOCOL_ERROR));
    this.#deadline.set(this.#first.root.core.keepaliveTimeout.idleMs);
  }

  #pauseForOutput(): void {
    if (this.#pausedForOutput) return;
    this.#pausedForOutput = true;
    this.transport.pause();
  }

  transportDrained(): void {
    if (this.#pausedForOutput) {
      this.#pausedForOutput = false;
      this.transport.resume();
    }
    this.pump();
    for (const stream of this.#streams.values()) stream.drained();
    if (!this.#closing) this.#setDeadline();
  }

  /** No stream after the last one is served; the connection ends with those that are open. */
  #leave(): void {
    if (!this.#leaving) this.transport.writeText(goAwayFrame(this.#lastStream, NO_ERROR));
    this.#leaving = true;
    if (this.#streams.size === 0) this.#close();
  }

  /** RFC 9113 §6.8: requests that are under way already are still served, so first comes a warning. */
  #sayFarewell(): void {
    this.#warned = true;
    this.transport.writeText(goAwayFrame(MOST_STREAM_ID, NO_ERROR) + pingFrame(FAREWELL, 0));
    this.#deadline.set(FAREWELL_MS);
  }

  #fail(fault: ConnectionFault): void {
    this.#log('info', `client sent ${fault.message}`);
    this.engine.traffic.malformed(fault.code === ENHANCE_YOUR_CALM ? fault.message : PROTOCOL_FAULT);
    this.transport.writeText(goAwayFrame(this.#lastStream, fault.code));
    this.#leaving = true;
    this.#dropStreams();
    this.#close();
  }

  #dropStreams(): void {
    for (const stream of [...this.#streams.values()]) stream.lost();
    this.#streams.clear();
    this.#turns.clear();
  }

  /** Sends FIN and reads on for a while, so that what was sent is not lost to a reset (RFC 9112 §9.6). */
  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#reader.stopped = true;
    const { lingeringClose, lingeringTimeMs } = this.#first.root.core;
    if (lingeringClose === 'off') return this.transport.closeSoon();
    this.transport.end();
    this.#lingerUntilMs = this.engine.clock.nowMs() + lingeringTimeMs;
    if (this.#pausedForOutput) this.transport.resume();
    this.#lingerOn();
  }

  #lingerOn(): void {
    const leftMs = this.#lingerUntilMs - this.engine.clock.nowMs();
    if (leftMs <= 0) this.transport.destroy();
    else this.#deadline.set(Math.min(leftMs, this.#first.root.core.lingeringTimeoutMs));
  }

  transportEnded(): void {
    if (this.#closing) return this.transport.closeSoon();
    if (this.#streams.size > 0 || this.#reader.partial)
      this.#log('info', 'client prematurely closed connection');
    this.#dropStreams();
    this.#closing = true;
    this.transport.closeSoon();
  }

  transportClosed(): void {
    this.#closing = true;
    this.#deadline.dispose();
    this.engine.forget(this);
    if (this.#streams.size > 0) this.facts.tls?.keep();
    this.#dropStreams();
  }

  drain(): void {
    if (!this.#closing && !this.#leaving && !this.#warned) this.#sayFarewell();
  }

  destroy(): void {
    if (!this.#closing) this.transport.writeText(goAwayFrame(this.#lastStream, NO_ERROR));
    this.transport.destroy();
  }

  #log(level: 'info' | 'error', message: string): void {
    const { localAddress, localPort } = this.facts;
    const where = localAddress.startsWith('unix:') ? localAddress : `${localAddress}:${localPort}`;
    this.#first.root.errorLog.writeOfConnection(
      level,
      this.facts,
      where,
      `${message} while processing HTTP/2 connection`,
    );
  }
}

/** Takes the fields of blocks that must be read for what they do to the table, and are of no other use. */
const NOBODY: FieldTaker = { field() {} };
