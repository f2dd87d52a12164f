/** One way to the other node: a UDP socket that is opened again when its address was away. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { HeartbeatPathModel } from '#model/cluster/heartbeat.ts';

/** An address that is not there yet, or was taken away, is tried again. */
const RETRY_MS = 500;

export interface PathOptions {
  readonly port: number;
  readonly hear: (datagram: Buffer) => void;
  readonly stranger: (address: string) => void;
}

export class Path {
  readonly model: HeartbeatPathModel;
  /** Why it carries nothing; undefined: it is open. */
  fault: string | undefined = 'it is not open yet';
  sendFailures = 0;
  /** When a fresh word came by it. */
  heardMs: number | undefined;
  readonly #options: PathOptions;
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(model: HeartbeatPathModel, options: PathOptions) {
    this.model = model;
    this.#options = options;
    this.#open();
  }

  #open(): void {
    const { local, peer } = this.model;
    const { port, hear, stranger } = this.#options;
    const socket = createSocket({ type: isIPv6(local) ? 'udp6' : 'udp4', ipv6Only: isIPv6(local) });
    socket.on('error', ({ message }) => this.#fail(socket, message));
    socket.on('message', (datagram, from) => {
      if (from.address === peer && from.port === port) hear(datagram);
      else stranger(from.address);
    });
    socket.bind({ address: local, port, exclusive: true }, () => {
      if (this.#isClosed) return socket.close();
      this.#socket = socket;
      this.fault = undefined;
    });
  }

  #fail(socket: Socket, message: string): void {
    if (this.#isClosed || this.#retry) return;
    this.#socket = undefined;
    this.fault = message;
    socket.close();
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#open();
    }, RETRY_MS);
  }

  send(datagram: Buffer): void {
    this.#socket?.send(datagram, this.#options.port, this.model.peer, fault => {
      if (fault) this.sendFailures++;
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = undefined;
    // What was said last is on its way.
    if (socket) setImmediate(() => socket.close());
  }
}
