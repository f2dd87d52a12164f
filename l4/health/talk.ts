/** A connection for a health check: what is said, and what has come so far. */
import { connect, Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { getSystemErrorMessage } from 'node:util';
import type { CheckTlsModel } from '#model/l4/health.ts';
import { markedSocket } from '#native/socket.ts';
import { certificateWarning } from './certificate.ts';
import { aborted, type ProbeMeans, type ProbeTarget } from './probe.ts';

/** A server that sends more than any check looks at is cut off. */
const MOST_BYTES = 16 * 1024 * 1024;

export interface Line {
  readonly socket: Socket;
  /** About the certificate. */
  readonly warning: string | undefined;
  readonly alpn: string;
}

/** Connects, and shakes hands where TLS is asked for. @throws {Error} with the reason */
export async function dial(
  target: ProbeTarget,
  tls: CheckTlsModel | undefined,
  { signal }: ProbeMeans,
  protocols: readonly string[] = [],
): Promise<Line> {
  const socket = connectTo(target);
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  await Promise.race([opened(socket, 'connect'), aborted(signal)]);
  if (!tls) return { socket, warning: undefined, alpn: '' };
  const { serverName, verify, authorities } = tls;
  const secure = connectTls({
    socket,
    rejectUnauthorized: verify,
    ALPNProtocols: [...protocols],
    ...(serverName !== undefined && { servername: serverName }),
    ...(authorities !== undefined && { ca: authorities }),
  });
  await Promise.race([opened(secure, 'secureConnect'), aborted(signal)]);
  const alpn = secure.alpnProtocol || '';
  return { socket: secure, warning: certificateWarning(secure, tls, Date.now()), alpn };
}

function connectTo({ address: host, port, from, mark }: ProbeTarget): Socket {
  if (mark === undefined) return connect({ host, port, ...(from !== undefined && { localAddress: from }) });
  const fd = markedSocket({ family: host.includes(':') ? 6 : 4, kind: 'tcp', mark, localAddress: from });
  const options = { fd, manualStart: true }; // an unconnected socket must not be read yet
  return new Socket(options).connect(port, host);
}

function opened(socket: Socket | TLSSocket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((done, fail) => {
    socket.once(event, done);
    socket.on('error', fault => fail(reasonOf(fault)));
    socket.once('close', () => fail(new Error('the connection was closed')));
  });
}

/** A system's fault in words; any other as it is. */
export function reasonOf(fault: Error): Error {
  const { errno } = fault as NodeJS.ErrnoException;
  return errno === undefined ? fault : new Error(getSystemErrorMessage(errno), { cause: fault });
}

/** What goes back and forth on a connection; latin1. */
export class Talk implements Disposable {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  #text = '';
  #ended = false;
  #fault: Error | undefined;
  #wake: () => void = () => {};

  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#text += text;
      if (this.#text.length > MOST_BYTES)
        this.#fail(new Error(`the answer is longer than ${MOST_BYTES} bytes`));
      this.#wake();
    });
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    socket.on('error', fault => this.#fail(reasonOf(fault)));
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  #fail(fault: Error): void {
    this.#fault ??= fault;
    this.#wake();
  }

  send(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /**
   * Waits until `read` makes something of what has come since the last `take`, and takes so many bytes of it away.
   *
   * @param read gives undefined for "not yet"; at the end of the stream it is asked a last time
   * @throws {Error} when the stream ends or breaks before that
   */
  async take<T>(
    read: (text: string, ended: boolean) => { readonly value: T; readonly length: number } | undefined,
  ): Promise<T> {
    for (;;) {
      const found = read(this.#text, this.#ended);
      if (found) {
        this.#text = this.#text.slice(found.length);
        return found.value;
      }
      if (this.#fault) throw this.#fault;
      if (this.#ended) throw new Error('the connection was closed before the answer was whole');
      await Promise.race([new Promise<void>(wake => (this.#wake = wake)), aborted(this.#signal)]);
    }
  }

  /** A line without its end. */
  line(): Promise<string> {
    return this.take(text => {
      const end = text.indexOf('\n');
      return end === -1 ? undefined : { value: text.slice(0, end).replace(/\r$/, ''), length: end + 1 };
    });
  }

  bytes(length: number): Promise<string> {
    return this.take(text => (text.length < length ? undefined : { value: text.slice(0, length), length }));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
