/**
 * Byte streams of one thread in one epoll set: all that is ready comes in one call, all that is written leaves in one.
 *
 * A turn of the event loop costs two crossings into C for any number of connections, where a socket of node:net costs
 * several for each read and each write. docs/decisions/012-native-streams.md has the measurements.
 */
import { addon, type StreamHandle, type TlsHandle } from './addon.ts';
import { addressAt } from './event-address.ts';
import { HEAD_FIELD_INTS, HEAD_INTS } from './head-marks.ts';
import {
  type AcceptEvents,
  type BatchEvents,
  EVENT_ACCEPTED,
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_DATA,
  EVENT_DRAINED,
  EVENT_END,
  EVENT_FAULT,
  EVENT_INTS,
  EVENT_SECURE,
  type StreamEvents,
} from './stream-events.ts';
import { OUT_CLOSE, OUT_END, OUT_INTS, StreamOutput } from './stream-output.ts';
import type { ClientTls, TlsFact } from './tls.ts';

const ARENA_BYTES = 1_048_576;
const MOST_EVENTS = 512;
/** Room for the marks of as many heads of 20 fields as there are events. */
const MARK_INTS = MOST_EVENTS * (HEAD_INTS + 20 * HEAD_FIELD_INTS + 1);
/** A single text or piece up to this size is joined with others; longer ones go out by themselves. */
const JOIN_BYTES = 65_536;
const NO_BYTES = new Uint8Array(0);

export class StreamLoop {
  readonly #handle: StreamHandle;
  readonly #batch: BatchEvents;
  readonly #arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
  readonly #events = new Int32Array(MOST_EVENTS * EVENT_INTS);
  readonly #output = new StreamOutput();
  readonly #head = { ints: new Int32Array(MARK_INTS), at: 0 };
  readonly #streams: (StreamEvents | undefined)[] = [];
  readonly #listeners: (AcceptEvents | undefined)[] = [];
  #listening = 0;
  #inBatch = false;
  #scheduled = false;

  /**
   * @param batch told of each batch, before its first event and after its output is sent
   * @param names field names that marks give as numbers: each in lower case and as it is usually written, in turn
   */
  constructor(batch: BatchEvents, names: readonly string[] = []) {
    this.#batch = batch;
    this.#handle = addon().streamOpen({
      arena: this.#arena,
      events: this.#events,
      output: this.#output.memory,
      list: this.#output.list,
      marks: this.#head.ints,
      names: Buffer.from(names.join('\n'), 'latin1'),
      onReady: (count: number) => this.#ready(count),
    });
  }

  /** @param fd a listening socket, owned by the loop from now on. @throws {Error} when it can not be watched */
  listen(fd: number, events: AcceptEvents): number {
    const listener = addon().streamListen(this.#handle, fd);
    this.#listeners[listener] = events;
    this.#listening++;
    return listener;
  }

  resumeAccepting(listener: number): void {
    addon().streamRead(this.#handle, listener, true);
  }

  /** Makes `events` the owner of an accepted stream. */
  own(stream: number, events: StreamEvents): void {
    this.#streams[stream] = events;
  }

  /**
   * @param host an IP address or an absolute path
   * @param boundFd a socket with a local address, from outgoingSocket()
   * @returns the stream, or a negative errno when the kernel refuses at once
   */
  connect(host: string, port: number, events: StreamEvents, boundFd?: number): number {
    const stream = addon().streamConnect(this.#handle, host, port, boundFd);
    if (stream >= 0) this.#streams[stream] = events;
    return stream;
  }

  /** @param text latin1 */
  writeText(stream: number, text: string): void {
    const { length } = text;
    if (length > JOIN_BYTES) return this.writeBytes(stream, Buffer.from(text, 'latin1'));
    this.#makeRoom(length);
    this.#output.text(stream, text);
    this.#flushSoon();
  }

  /** @param data may be a view of the arena or of any buffer: it is copied or sent before this returns */
  writeBytes(stream: number, data: Buffer): void {
    const { length } = data;
    if (length > JOIN_BYTES / 4) {
      this.flush();
      this.#streams[stream]?.streamFlushed(addon().streamSend(this.#handle, stream, data));
      return;
    }
    this.#makeRoom(length);
    this.#output.bytes(stream, data);
    this.#flushSoon();
  }

  #makeRoom(bytes: number): void {
    if (!this.#output.hasRoom(bytes)) this.flush();
  }

  /** FIN once all is sent. */
  end(stream: number): void {
    this.#makeRoom(0);
    this.#output.order(stream, OUT_END);
    this.#flushSoon();
  }

  /** Closes once all is sent; streamClosed() follows. */
  closeSoon(stream: number): void {
    this.#makeRoom(0);
    this.#output.order(stream, OUT_CLOSE);
    this.#flushSoon();
  }

  /** Closes now; nothing follows. */
  close(stream: number, reset = false): void {
    // What is listed already must not reach a stranger that gets the same number.
    this.flush();
    this.#streams[stream] = undefined;
    if (this.#listeners[stream]) this.#listening--;
    this.#listeners[stream] = undefined;
    addon().streamClose(this.#handle, stream, reset);
  }

  read(stream: number, on: boolean): void {
    addon().streamRead(this.#handle, stream, on);
  }

  /** How many connections are open, those included that were accepted and are not told of yet. */
  get connections(): number {
    return addon().streamCount(this.#handle) - this.#listening;
  }

  /** The descriptor behind a stream, for localAddress() and tcpInfo(); it stays the stream's. */
  fd(stream: number): number {
    return addon().streamFd(this.#handle, stream);
  }

  /**
   * Puts TLS on an open stream; streamSecure() follows, or its end.
   *
   * @param first what came already
   * @param client as whom we connect; absent where we serve
   */
  startTls(stream: number, context: TlsHandle, first: Uint8Array = NO_BYTES, client?: ClientTls): void {
    const fault = addon().streamTls(this.#handle, stream, context, first, client);
    if (fault < 0) throw new Error(`Cannot put TLS on a stream: errno ${-fault}`);
  }

  /** Something about the TLS of a stream; still known in the turn in which it is closed. */
  tlsFact(stream: number, fact: TlsFact): string | undefined {
    return addon().streamTlsFact(this.#handle, stream, fact);
  }

  /** DER of the peer's certificates up to a trusted one, its own first; empty when they do not lead to one. */
  tlsChain(stream: number): Buffer[] {
    return addon().streamTlsChain(this.#handle, stream) ?? [];
  }

  #flushSoon(): void {
    if (this.#inBatch || this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(flushScheduled, this);
  }

  scheduledFlush(): void {
    this.#scheduled = false;
    this.flush();
  }

  /** Sends all that was written; a turn of the loop does it by itself at its end. */
  flush(): void {
    const { entries } = this.#output;
    if (entries === 0) return;
    addon().streamFlush(this.#handle, entries);
    // The list is read before anything is told: the owners write again.
    const results = this.#output.taken();
    for (let at = 0; at < results.length; at += OUT_INTS)
      this.#told(results[at]!, results[at + 1]!, results[at + 2]!);
  }

  #told(stream: number, at: number, result: number): void {
    const owner = this.#streams[stream];
    if (!owner || result === 0) return;
    if (at !== OUT_CLOSE) return owner.streamFlushed(result);
    this.#streams[stream] = undefined;
    owner.streamClosed(0);
  }

  #ready(count: number): void {
    const events = this.#events;
    this.#batch.begin();
    this.#inBatch = true;
    for (let index = 0; index < count; index++) {
      const at = index * EVENT_INTS;
      const id = events[at + 1]!;
      if (events[at] === EVENT_DATA) {
        const from = events[at + 2]!;
        const marked = events[at + 4]!;
        this.#head.at = marked - 1;
        const bytes = this.#arena.subarray(from, from + events[at + 3]!);
        this.#streams[id]?.streamData(bytes, marked === 0 ? undefined : this.#head);
      } else this.#happened(events[at]!, id, at);
    }
    this.#inBatch = false;
    this.flush();
    this.#batch.end();
  }

  #happened(kind: number, id: number, at: number): void {
    const events = this.#events;
    const owner = this.#streams[id];
    if (kind === EVENT_END) owner?.streamEnded();
    else if (kind === EVENT_CONNECTED) owner?.streamConnected();
    else if (kind === EVENT_DRAINED) owner?.streamDrained();
    else if (kind === EVENT_CLOSED) {
      this.#streams[id] = undefined;
      owner?.streamClosed(events[at + 2]!);
    } else if (kind === EVENT_SECURE) owner?.streamSecure(this.#text(at));
    else if (kind === EVENT_FAULT) owner?.streamFault(this.#text(at));
    else if (kind === EVENT_ACCEPTED) {
      const listener = this.#listeners[id];
      if (listener) listener.accepted(events[at + 2]!, addressAt(events, at + 3), events[at + 3]! & 0xffff);
      else addon().streamClose(this.#handle, events[at + 2]!, false);
    } else this.#listeners[id]?.acceptFault(events[at + 2]!);
  }

  /** The text in the arena that an event tells of. */
  #text(at: number): string {
    const from = this.#events[at + 2]!;
    return this.#arena.latin1Slice(from, from + this.#events[at + 3]!);
  }
}

function flushScheduled(loop: StreamLoop): void {
  loop.scheduledFlush();
}
