/** The ways between two directors: a UDP socket each, all of which carry everything. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { SyncPathModel } from '#model/l4/sync.ts';

/** An address that is not there yet, or was taken away, is tried again. */
const RETRY_MS = 1000;
const BUFFER_BYTES = 4 << 20;

export interface PathFigures {
  readonly local: string;
  readonly peer: string;
  /** Why it carries nothing; undefined: it is open. */
  readonly fault: string | undefined;
  /** Since something came by it; undefined: nothing yet. */
  readonly heardMs: number | undefined;
  readonly sendFailures: number;
}

export interface PathOptions {
  readonly port: number;
  readonly nowMs: () => number;
  readonly hear: (datagram: Buffer) => void;
  readonly stranger: () => void;
}

export class Path {
  readonly #model: SyncPathModel;
  readonly #options: PathOptions;
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #fault: string | undefined = 'it is not open yet';
  #heardAtMs: number | undefined;
  #sendFailures = 0;
  #isClosed = false;

  constructor(model: SyncPathModel, options: PathOptions) {
    this.#model = model;
    this.#options = options;
    this.#open();
  }

  #open(): void {
    const { local, peer } = this.#model;
    const { port, hear, stranger, nowMs } = this.#options;
    const socket = createSocket({ type: isIPv6(local) ? 'udp6' : 'udp4', ipv6Only: isIPv6(local) });
    this.#retry = undefined;
    socket.once('error', fault => this.#fail(socket, fault));
    socket.on('message', (datagram, from) => {
      if (from.address !== peer || from.port !== port) return stranger();
      this.#heardAtMs = nowMs();
      hear(datagram);
    });
    socket.bind({ address: local, port, exclusive: true }, () => {
      this.#socket = socket;
      this.#fault = undefined;
      widen(socket);
    });
  }

  #fail(socket: Socket, { message }: Error): void {
    socket.on('error', () => {}); // one more on its way out
    socket.close();
    this.#socket = undefined;
    this.#fault = message;
    if (!this.#isClosed) this.#retry = setTimeout(() => this.#open(), RETRY_MS);
  }

  send(datagram: Buffer): void {
    const { peer } = this.#model;
    this.#socket?.send(datagram, this.#options.port, peer, fault => {
      if (fault) this.#sendFailures++;
    });
  }

  figures(): PathFigures {
    const heardMs =
      this.#heardAtMs === undefined ? undefined : Math.round(this.#options.nowMs() - this.#heardAtMs);
    return { ...this.#model, fault: this.#fault, heardMs, sendFailures: this.#sendFailures };
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#socket?.close();
    this.#socket = undefined;
  }
}

/** A snapshot comes all at once. The kernel gives as much as net.core.rmem_max allows. */
function widen(socket: Socket): void {
  try {
    socket.setRecvBufferSize(BUFFER_BYTES);
    socket.setSendBufferSize(BUFFER_BYTES);
  } catch {
    // As it is, more is asked for twice.
  }
}
