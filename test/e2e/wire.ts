/** A client of raw bytes: sends exactly what a test says and gives back exactly what came. */
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type Framing, type Message, takeMessage } from './message.ts';

export type Reply = Message & {
  readonly status: number;
  /** The interim (1xx) answers that came before this one. */
  readonly interim: readonly Message[];
};

/** Where to connect: 127.0.0.1 unless `host` or the unix socket `path` says otherwise; `tls` without verification. */
export type Peer = {
  port?: number;
  host?: string;
  path?: string;
  tls?: ConnectionOptions;
  timeoutMs?: number;
};

/** One connection to the program under test. Every wait fails after `timeoutMs` (10 s) with what had come so far. */
export class Wire {
  readonly socket: Socket;
  readonly #timeoutMs: number;
  #received = '';
  #ended = false;
  #fault: Error | undefined;
  #wake: () => void = () => {};

  private constructor(socket: Socket, timeoutMs: number) {
    this.socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.setEncoding('latin1').setNoDelay(true);
    socket.on('data', chunk => this.#note(() => (this.#received += chunk)));
    socket.on('end', () => this.#note(() => (this.#ended = true)));
    socket.on('error', error => this.#note(() => (this.#fault = error)));
    socket.on('close', () => this.#note(() => (this.#ended = true)));
  }

  /** Connects, and for TLS shakes hands. */
  static async dial(peer: number | Peer): Promise<Wire> {
    const { tls, timeoutMs = 10_000, ...at } = typeof peer === 'number' ? { port: peer } : peer;
    const target = at.path ? { path: at.path } : { port: at.port ?? 0, host: at.host ?? '127.0.0.1' };
    const options = { ...target, allowHalfOpen: true };
    const socket = tls ? connectTls({ ...options, rejectUnauthorized: false, ...tls }) : connect(options);
    await new Promise<void>((done, fail) => {
      socket.once(tls ? 'secureConnect' : 'connect', done).once('error', fail);
    });
    return new Wire(socket, timeoutMs);
  }

  /** Sends bytes (one per char). */
  send(bytes: string): this {
    this.socket.write(bytes, 'latin1');
    return this;
  }

  /** The next final answer; name the method when it was HEAD. */
  async reply(method = 'GET'): Promise<Reply> {
    const interim: Message[] = [];
    const framing = method === 'HEAD' ? 'response-to-head' : 'response';
    for (;;) {
      const message = await this.message(framing);
      const status = Number(message.start.split(' ')[1]);
      if (status >= 200 || status === 101) return { ...message, status, interim };
      interim.push(message);
    }
  }

  /** The next message of any kind. @throws when the peer closes without one */
  async message(framing: Framing): Promise<Message> {
    for (;;) {
      const taken = takeMessage(this.#received, framing, this.#ended);
      if (taken) {
        this.#received = taken.rest;
        return taken.message;
      }
      if (this.#ended) throw this.#fault ?? new Error('The peer closed without an answer');
      await this.#more();
    }
  }

  /** Waits until at least `count` bytes came, and takes all of them. */
  async bytes(count = 1): Promise<string> {
    while (this.#received.length < count && !this.#ended) await this.#more();
    return this.#take();
  }

  /** Takes every byte until the peer closes; a reset counts as a close. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#more();
    return this.#take();
  }

  /** Closes our half: the peer sees the end and may still answer. */
  end(): this {
    this.socket.end();
    return this;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #take(): string {
    const taken = this.#received;
    this.#received = '';
    return taken;
  }

  #note(change: () => void): void {
    change();
    this.#wake();
  }

  async #more(): Promise<void> {
    const so = () => `after ${this.#timeoutMs} ms with ${JSON.stringify(this.#received.slice(0, 300))}`;
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`No more bytes came ${so()}`)), this.#timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}

export type Ask = {
  method?: string;
  path?: string;
  version?: '1.0' | '1.1';
  /** Added below `Host: localhost` and `Connection: close`, which a field of the same name replaces. */
  headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent with its Content-Length unless the headers name a length or coding. */
  body?: string;
};

/** Sends one request on its own connection and reads its answer. */
export async function request(peer: number | Peer, ask: Ask = {}): Promise<Reply> {
  using wire = await Wire.dial(peer);
  return await wire.send(requestBytes(ask)).reply(ask.method);
}

/** Sends bytes on an own connection and takes all that comes until the peer closes. */
export async function exchange(peer: number | Peer, bytes: string): Promise<string> {
  using wire = await Wire.dial(peer);
  return await wire.send(bytes).rest();
}

/** The bytes that `request` sends. */
export function requestBytes(ask: Ask): string {
  const { method = 'GET', path = '/', version = '1.1', headers = {}, body } = ask;
  const names = new Set(Object.keys(headers).map(name => name.toLowerCase()));
  const lines = [`${method} ${path} HTTP/${version}`];
  if (!names.has('host')) lines.push('Host: localhost');
  if (!names.has('connection')) lines.push('Connection: close');
  const framed = names.has('content-length') || names.has('transfer-encoding');
  if (body !== undefined && !framed) lines.push(`Content-Length: ${body.length}`);
  for (const [name, values] of Object.entries(headers)) {
    for (const value of typeof values === 'string' ? [values] : values) lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}
