/** An HTTP/2 client of raw frames: sends exactly what a test says, and gives back every frame that came. */
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frameHead,
  GOAWAY,
  HEADERS,
  PREFACE,
  RST_STREAM,
  SETTINGS,
  settingsFrame,
  windowFrame,
  word,
  wordAt,
} from '../../l7/wire/h2/frame.ts';
import { HpackDecoder } from '../../l7/wire/h2/hpack-decoder.ts';

export type Fields = readonly (readonly [name: string, value: string])[];

export type Frame = {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  /** latin1 */
  readonly payload: string;
  /** Of a HEADERS or CONTINUATION frame that ends a block. */
  readonly fields?: Fields;
};

/** What came on one stream. */
export type H2Answer = {
  readonly status: number;
  readonly fields: Fields;
  /** The blocks of 1xx answers before it. */
  readonly interim: readonly Fields[];
  readonly body: string;
  readonly trailer: Fields | undefined;
  /** Ended by RST_STREAM: its code. */
  readonly reset: number | undefined;
};

export type H2Peer = {
  readonly port: number;
  readonly tls?: ConnectionOptions;
  /** Sent before the preface. */
  readonly before?: string;
  /** In place of preface and SETTINGS. */
  readonly begin?: string;
  /** Windows as small as RFC 9113 has them; otherwise they are opened wide. */
  readonly narrow?: boolean;
};

const LIMITS = { fieldBytes: 1_000_000, totalBytes: 4_000_000 };
const TIMEOUT_MS = 15_000;

/** A literal that is not indexed, without Huffman code (RFC 7541 §6.2.2). */
export const literal = (name: string, value: string): string => `\0${hpackText(name)}${hpackText(value)}`;

export const hpackText = (text: string): string => hpackInteger(text.length, 0, 127) + text;

export function hpackInteger(value: number, first: number, prefix: number): string {
  if (value < prefix) return String.fromCharCode(first | value);
  let out = String.fromCharCode(first | prefix);
  let rest = value - prefix;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out += String.fromCharCode((rest % 128) | 128);
  return out + String.fromCharCode(rest);
}

export const block = (fields: Fields): string => fields.map(([name, value]) => literal(name, value)).join('');

/** The pseudo-headers of a GET, or with others in their place. */
export const pseudo = (path: string, method = 'GET', authority = 'localhost'): Fields => [
  [':method', method],
  [':scheme', 'http'],
  [':path', path],
  [':authority', authority],
];

export const frame = (type: number, flags: number, stream: number, payload = ''): string =>
  frameHead(payload.length, type, flags, stream) + payload;

export class H2Wire implements AsyncDisposable {
  readonly socket: Socket;
  /** All frames so far. */
  readonly frames: Frame[] = [];
  ended = false;
  /** Settings are acknowledged when they come; not wanted while a test sends a frame in pieces. */
  acknowledges = true;
  /** What cannot be understood is no fault of the peer here: HTTP/1 may have been spoken. */
  tolerant = false;
  /** What came beyond whole frames. */
  rest = '';
  #nextStream = 1;
  readonly #hpack = new HpackDecoder();
  #blocks = '';
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').setNoDelay(true);
    socket.on('data', chunk => this.#take(String(chunk)));
    socket.on('error', () => {});
    for (const event of ['end', 'close'])
      socket.on(event, () => {
        this.ended = true;
        this.#wake();
      });
  }

  static async dial(peer: number | H2Peer): Promise<H2Wire> {
    const {
      port,
      tls,
      before = '',
      begin,
      narrow,
    } = typeof peer === 'number' ? ({ port: peer } as H2Peer) : peer;
    const target = { port, host: process.env['H2HOST'] ?? '127.0.0.1', allowHalfOpen: true };
    const socket = tls
      ? connectTls({ ...target, rejectUnauthorized: false, ALPNProtocols: ['h2'], ...tls })
      : connect(target);
    await new Promise<void>((done, fail) => {
      socket.once(tls ? 'secureConnect' : 'connect', done).once('error', fail);
    });
    const wire = new H2Wire(socket);
    const wide = settingsFrame([[4, 0x7fffffff]]) + windowFrame(0, 0x7fffffff - 65_535);
    wire.send(before + (begin ?? PREFACE + (narrow ? settingsFrame([]) : wide)));
    return wire;
  }

  send(bytes: string): this {
    this.socket.write(bytes, 'latin1');
    return this;
  }

  frame(type: number, flags: number, stream: number, payload = ''): this {
    return this.send(frame(type, flags, stream, payload));
  }

  /** Opens a stream. @param body sent with it; undefined: END_STREAM at once; null: to follow. @returns its id */
  open(fields: Fields | string, body?: string | null): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const text = typeof fields === 'string' ? fields : block(fields);
    let out = frame(HEADERS, END_HEADERS | (body === undefined ? END_STREAM : 0), stream, text);
    if (typeof body === 'string') out += dataFrames(stream, body);
    this.send(out);
    return stream;
  }

  data(stream: number, body: string, end = true): this {
    return this.send(dataFrames(stream, body, end));
  }

  reset(stream: number, code = 8): this {
    return this.frame(RST_STREAM, 0, stream, word(code));
  }

  /** The whole of what comes on a stream, up to its end. */
  async answer(stream: number): Promise<H2Answer> {
    await this.until(() => this.ended || this.#isOver(stream), `stream ${stream} to end`);
    return this.#gathered(stream);
  }

  /** Asks, and waits for the answer. */
  get(path: string, more: Fields = []): Promise<H2Answer> {
    return this.answer(this.open([...pseudo(path), ...more]));
  }

  post(path: string, body: string, more: Fields = []): Promise<H2Answer> {
    return this.answer(this.open([...pseudo(path, 'POST'), ...more], body));
  }

  #isOver(stream: number): boolean {
    return this.on(stream).some(
      ({ type, flags }) =>
        type === RST_STREAM || ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0),
    );
  }

  #gathered(stream: number): H2Answer {
    const frames = this.on(stream);
    const blocks = frames.flatMap(({ fields }) => (fields ? [fields] : []));
    const isFinal = (fields: Fields) => Number(fieldOf(fields, ':status')) >= 200;
    const head = blocks.find(isFinal);
    const reset = frames.find(({ type }) => type === RST_STREAM);
    return {
      status: head ? Number(fieldOf(head, ':status')) : 0,
      fields: head ?? [],
      interim: blocks.filter(fields => fieldOf(fields, ':status')?.startsWith('1')),
      body: frames
        .filter(({ type }) => type === DATA)
        .map(({ payload }) => payload)
        .join(''),
      trailer: blocks.find(fields => fieldOf(fields, ':status') === undefined),
      reset: reset && wordOf(reset.payload),
    };
  }

  on(stream: number): Frame[] {
    return this.frames.filter(frame => frame.stream === stream);
  }

  /** Waits for a frame. */
  async take(type: number, stream?: number): Promise<Frame> {
    const find = () =>
      this.frames.find(frame => frame.type === type && (stream ?? frame.stream) === frame.stream);
    await this.until(() => this.ended || find() !== undefined, `a frame of type ${type}`);
    const found = find();
    if (!found)
      throw new Error(
        `The peer closed without a frame of type ${type}: ${JSON.stringify(this.frames.slice(-5))}`,
      );
    return found;
  }

  /** Waits for GOAWAY. @returns its code and the last stream */
  async farewell(): Promise<{ readonly code: number; readonly last: number }> {
    const { payload } = await this.take(GOAWAY);
    return { code: wordOf(payload, 4), last: wordOf(payload) };
  }

  /** All that was sent is read by the peer: it answers a ping. */
  async settled(): Promise<void> {
    const before = this.frames.filter(({ type }) => type === 6).length;
    this.frame(6, 0, 0, 'settled?');
    await this.until(
      () => this.ended || this.frames.filter(({ type }) => type === 6).length > before,
      'a PING to come back',
    );
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const timer = setTimeout(() => this.#wake(), TIMEOUT_MS + 1);
    const startMs = performance.now();
    while (!holds()) {
      if (performance.now() - startMs > TIMEOUT_MS)
        throw new Error(
          `Waited in vain for ${what}; the last frames: ${JSON.stringify(this.frames.slice(-5))}`,
        );
      await new Promise<void>(done => this.#waiting.add(done));
    }
    clearTimeout(timer);
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }

  #take(chunk: string): void {
    if (this.tolerant) return;
    this.rest += chunk;
    for (;;) {
      const bytes = Buffer.from(this.rest.slice(0, 9), 'latin1');
      if (bytes.length < 9) break;
      const length = bytes.readUIntBE(0, 3);
      if (this.rest.length < 9 + length) break;
      const payload = this.rest.slice(9, 9 + length);
      this.rest = this.rest.slice(9 + length);
      this.#note({ type: bytes[3]!, flags: bytes[4]!, stream: wordAt(bytes, 5), payload });
    }
    this.#wake();
  }

  #note(frame: Frame): void {
    if (frame.type === HEADERS || frame.type === CONTINUATION) {
      this.#blocks += frame.payload;
      if (frame.flags & END_HEADERS) {
        const fields = this.#decode();
        this.frames.push({ ...frame, fields });
        return;
      }
    }
    this.frames.push(frame);
    if (frame.type === SETTINGS && !(frame.flags & ACK) && this.acknowledges) this.frame(SETTINGS, ACK, 0);
  }

  #decode(): Fields {
    const fields: [string, string][] = [];
    this.#hpack.decode(Buffer.from(this.#blocks, 'latin1'), LIMITS, {
      field: (name, value) => void fields.push([name, value]),
    });
    this.#blocks = '';
    return fields;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
  }
}

export const fieldOf = (fields: Fields, name: string): string | undefined =>
  fields.find(([key]) => key === name)?.[1];

export const wordOf = (payload: string, at = 0): number => wordAt(Buffer.from(payload, 'latin1'), at);

/** A body in frames that every peer takes. */
export function dataFrames(stream: number, body: string, end = true): string {
  let out = '';
  for (let at = 0; at < body.length || at === 0; at += 16_384) {
    const part = body.slice(at, at + 16_384);
    out += frame(DATA, end && at + 16_384 >= body.length ? END_STREAM : 0, stream, part);
  }
  return out;
}
