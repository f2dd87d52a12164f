/** A stand-in for the engine until it lands: accepts, answers 200 with its revision, and drains. */
import { createServer, type Server, type Socket } from 'node:net';
import type { AppendFiles } from '#kit/append-file.ts';
import type { LogBook } from '#kit/log-book.ts';
import type { HttpModel } from '#model/l7/http.ts';

export type SharedState = object;
export type EngineStatus = {
  readonly connections: { readonly accepted: number; readonly active: number };
  readonly requests: number;
};

export const createSharedState = (_model: HttpModel, _workers: number): SharedState => ({});

export interface EngineOptions {
  readonly workerId: number;
  readonly shared: SharedState;
  readonly logs: LogBook;
  readonly files: AppendFiles;
}

export class Engine {
  readonly #sockets = new Set<Socket>();
  readonly #servers = new Map<string, Server[]>();
  #revision = 0;
  #accepted = 0;
  #requests = 0;
  #draining: (() => void) | undefined;
  readonly #logs: LogBook;

  constructor(options: EngineOptions) {
    this.#logs = options.logs;
  }

  prepare(_revision: number, _model: HttpModel): void {}

  commit(revision: number): void {
    this.#revision = revision;
  }

  listen(key: string, fd: number): void {
    const server = createServer({ noDelay: true }, socket => this.#serve(socket));
    server.listen({ fd });
    const all = this.#servers.get(key) ?? [];
    this.#servers.set(key, [...all, server]);
  }

  unlisten(key: string): void {
    for (const server of this.#servers.get(key) ?? []) server.close();
    this.#servers.delete(key);
  }

  drain(done: () => void): void {
    for (const key of [...this.#servers.keys()]) this.unlisten(key);
    this.#draining = done;
    for (const socket of this.#sockets) if (socket.bytesRead > 0) socket.end();
    this.#settle();
  }

  closeAll(): void {
    for (const key of [...this.#servers.keys()]) this.unlisten(key);
    for (const socket of this.#sockets) socket.destroy();
  }

  reopenLogs(): void {}

  status(): EngineStatus {
    return {
      connections: { accepted: this.#accepted, active: this.#sockets.size },
      requests: this.#requests,
    };
  }

  #serve(socket: Socket): void {
    this.#accepted++;
    this.#sockets.add(socket);
    socket.on('data', () => {
      this.#requests++;
      const body = `revision ${this.#revision} process ${process.pid}\n`;
      const connection = this.#draining ? 'close' : 'keep-alive';
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: ${connection}\r\n\r\n${body}`,
      );
      if (this.#draining) socket.end();
    });
    socket.on('error', fault => this.#logs.main.info(fault.message));
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#settle();
    });
  }

  #settle(): void {
    if (this.#draining && this.#sockets.size === 0) this.#draining();
  }
}
