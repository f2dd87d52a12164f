/** Answers messages of TCP connections, one after the other (RFC 7766); bounded in number, time and memory. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Responder } from './responder.ts';

const BACKLOG = 128;
const MOST_CONNECTIONS = 512;
const MOST_OF_SOURCE = 32;
/** Within it a whole query must come, or the connection ends (RFC 7766 §6.2.3: seconds). */
const PATIENCE_MS = 10_000;
/** No query that we would answer is longer. */
const MOST_QUERY_BYTES = 4096;
/** Answers that a client does not fetch. */
const MOST_WAITING_BYTES = 64 << 10;
const LENGTH_BYTES = 2;

/** The connections of all addresses, the quietest first. */
export class Connections {
  readonly #all = new Set<Socket>();
  readonly #perSource = new Map<string, number>();
  readonly #responder: Responder;

  constructor(responder: Responder) {
    this.#responder = responder;
  }

  /** @param fd a bound socket, now this one's */
  serve(fd: number): Server {
    const server = createServer({ noDelay: true }, socket => this.#take(socket));
    server.listen({ fd, backlog: BACKLOG });
    return server;
  }

  close(): void {
    for (const socket of this.#all) socket.destroy();
  }

  #take(socket: Socket): void {
    socket.on('error', () => socket.destroy()); // it has gone
    const source = socket.remoteAddress;
    const count = (source !== undefined && this.#perSource.get(source)) || 0;
    if (source === undefined || count >= MOST_OF_SOURCE) return void socket.destroy();
    if (this.#all.size >= MOST_CONNECTIONS) this.#all.values().next().value?.destroy();
    this.#all.add(socket);
    this.#perSource.set(source, count + 1);
    this.#responder.counts.connections++;
    socket.once('close', () => this.#forget(socket, source));
    this.#answer(socket, source);
  }

  #forget(socket: Socket, source: string): void {
    this.#all.delete(socket);
    this.#responder.counts.connections--;
    const left = (this.#perSource.get(source) ?? 1) - 1;
    if (left > 0) this.#perSource.set(source, left);
    else this.#perSource.delete(source);
  }

  #answer(socket: Socket, source: string): void {
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.once('close', () => clearTimeout(timer));
    let kept: Buffer = Buffer.alloc(0);
    socket.on('data', piece => {
      kept = kept.length === 0 ? piece : Buffer.concat([kept, piece]);
      for (;;) {
        const end = endOfMessage(kept);
        if (end === undefined) return;
        const reply = end < 0 ? undefined : this.#responder.message(kept.subarray(LENGTH_BYTES, end), source);
        // Not a query, or a client that asks and does not listen.
        if (!reply || socket.writableLength > MOST_WAITING_BYTES) return void socket.destroy();
        socket.write(framed(reply));
        kept = kept.subarray(end);
        timer.refresh();
        this.#all.delete(socket);
        this.#all.add(socket);
      }
    });
  }
}

/** @returns undefined: it is not whole yet; -1: it is none of ours */
function endOfMessage(bytes: Buffer): number | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const length = bytes.readUInt16BE(0);
  if (length === 0 || length > MOST_QUERY_BYTES) return -1;
  const end = LENGTH_BYTES + length;
  return bytes.length < end ? undefined : end;
}

function framed(reply: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(reply.length);
  return Buffer.concat([length, reply]);
}
