/**
 * Byte streams of one thread in one epoll set: all that is ready comes in one call, all that is written leaves in one.
 *
 * A turn of the event loop costs two crossings into C for any number of connections, where a socket of node:net costs
 * several for each read and each write. docs/decisions/012-native-streams.md has the measurements.
 */
import { addon, type StreamHandle, type TlsHandle } from './addon.ts';
import { HEAD_FIELD_INTS, HEAD_INTS, type HeadMarks } from './head-marks.ts';
import type { ClientTls, TlsFact } from './tls.ts';

/** Kinds of events; the same as in native/src/stream.h, which a test compares */
export const EVENT_DATA = 1;
export const EVENT_END = 2;
export const EVENT_CLOSED = 3;
export const EVENT_CONNECTED = 4;
export const EVENT_DRAINED = 5;
export const EVENT_ACCEPTED = 6;
export const EVENT_ACCEPT_FAULT = 7;
export const EVENT_SECURE = 8;
export const EVENT_FAULT = 9;
export const EVENT_INTS = 8;
export const OUT_INTS = 3;
export const OUT_END = -1;
export const OUT_CLOSE = -2;

const ARENA_BYTES = 1_048_576;
const OUTPUT_BYTES = 1_048_576;
const MOST_EVENTS = 512;
const MOST_ENTRIES = 1024;
/** Room for the marks of as many heads of 20 fields as there are events. */
const MARK_INTS = MOST_EVENTS * (HEAD_INTS + 20 * HEAD_FIELD_INTS + 1);
/** A single text or piece up to this size is joined with others; longer ones go out by themselves. */
const JOIN_BYTES = 65_536;
const NO_BYTES = new Uint8Array(0);

/** What a stream tells its owner. */
export interface StreamEvents {
  /**
   * @param bytes a view of memory that is used again after the call
   * @param head marks of the head that they begin with; none when there is none, or one to be judged
   */
  streamData(bytes: Buffer, head: HeadMarks | undefined): void;
  streamEnded(): void;
  /** @param errno positive, or 0 */
  streamClosed(errno: number): void;
  streamConnected(): void;
  /** TLS stands. @param alpn the protocol agreed on (RFC 7301), '' for none */
  streamSecure(alpn: string): void;
  /** What is wrong, in words; streamClosed() follows. */
  streamFault(reason: string): void;
  streamDrained(): void;
  /** How many bytes wait after a flush; a negative errno: it can not be written to any more. */
  streamFlushed(pendingBytes: number): void;
}

/** Told of a listener's new connections. */
export interface AcceptEvents {
  accepted(stream: number, address: string, port: number): void;
  /** Accepting stopped (no descriptors left); `resumeAccepting()` starts it again. */
  acceptFault(errno: number): void;
}

/** Told when a batch of events begins and ends. */
export interface BatchEvents {
  begin(): void;
  end(): void;
}

export class StreamLoop {
  readonly #handle: StreamHandle;
  readonly #batch: BatchEvents;
  readonly #arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
  readonly #events = new Int32Array(MOST_EVENTS * EVENT_INTS);
  readonly #output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  readonly #list = new Int32Array(MOST_ENTRIES * OUT_INTS);
  readonly #head = { ints: new Int32Array(MARK_INTS), at: 0 };
  readonly #streams: (StreamEvents | undefined)[] = [];
  readonly #listeners: (AcceptEvents | undefined)[] = [];
  #listening = 0;
  #outputBytes = 0;
  #entries = 0;
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
      output: this.#output,
      list: this.#list,
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
    const at = this.#outputBytes;
    this.#output.latin1Write(text, at, length);
    this.#append(stream, at, length);
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
    this.#output.set(data, this.#outputBytes);
    this.#append(stream, this.#outputBytes, length);
  }

  #makeRoom(length: number): void {
    if (this.#outputBytes + length > OUTPUT_BYTES || this.#entries === MOST_ENTRIES) this.flush();
  }

  /** Bytes for the same stream that lie side by side become one entry, and one system call. */
  #append(stream: number, at: number, length: number): void {
    this.#outputBytes += length;
    const list = this.#list;
    const last = (this.#entries - 1) * OUT_INTS;
    if (last >= 0 && list[last] === stream && list[last + 2]! >= 0) list[last + 2] = list[last + 2]! + length;
    else this.#entry(stream, at, length);
    this.#flushSoon();
  }

  #entry(stream: number, at: number, what: number): void {
    const list = this.#list;
    const entry = this.#entries++ * OUT_INTS;
    list[entry] = stream;
    list[entry + 1] = at;
    list[entry + 2] = what;
  }

  /** FIN once all is sent. */
  end(stream: number): void {
    this.#makeRoom(0);
    this.#entry(stream, OUT_END, OUT_END);
    this.#flushSoon();
  }

  /** Closes once all is sent; streamClosed() follows. */
  closeSoon(stream: number): void {
    this.#makeRoom(0);
    this.#entry(stream, OUT_CLOSE, OUT_CLOSE);
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
    const entries = this.#entries;
    if (entries === 0) return;
    addon().streamFlush(this.#handle, entries);
    // The list is read before anything is told: the owners write again.
    const results = this.#list.slice(0, entries * OUT_INTS);
    this.#entries = 0;
    this.#outputBytes = 0;
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

/** The text of an address that stands as family, port and four words; an IPv4 client of an IPv6 socket shows as IPv4. */
function addressAt(events: Int32Array, at: number): string {
  const family = events[at]! >> 16;
  const a = events[at + 1]!;
  if (family === 4) return dotted(a);
  if (family !== 6) return 'unix:';
  const [b, c, d] = [events[at + 2]!, events[at + 3]!, events[at + 4]!];
  if (a === 0 && b === 0 && c === 0xffff) return dotted(d);
  return compressed([a, b, c, d].flatMap(word => [word >>> 16, word & 0xffff]));
}

const dotted = (word: number) => `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;

/** RFC 5952: lower case, the longest run of zeros as `::`, the first of equals, never a single group. */
function compressed(groups: readonly number[]): string {
  let [from, length] = [0, 0];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > length) [from, length] = [at, end - at];
  }
  const text = (part: readonly number[]) => part.map(group => group.toString(16)).join(':');
  return length < 2 ? text(groups) : `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}
