/** A listening socket of one worker: its connections are native streams. */
import { getSystemErrorName } from 'node:util';
import type { ListenModel } from '#model/l7/http.ts';
import { localAddress } from '#native/socket.ts';
import type { AcceptEvents } from '#native/stream-events.ts';
import { H1Connection } from './downstream/h1.ts';
import { Opening, speaksHttp2 } from './downstream/opening.ts';
import type { Engine } from './engine.ts';
import type { ServerFinder } from './route/server-names.ts';
import { StreamTransport } from './transport/stream.ts';

/** What a listener looks its servers up in; new with each configuration. */
export type ListenerTable = ServerFinder;

/** Out of descriptors: how long the rest may wait before accepting is tried again (nginx waits as long). */
const ACCEPT_PAUSE_MS = 500;

export class Listener implements AcceptEvents {
  readonly key: string;
  model: ListenModel;
  readonly #engine: Engine;
  readonly #listener: number;

  /** @param fd a listening socket; it is closed with the listener */
  constructor(engine: Engine, key: string, model: ListenModel, fd: number) {
    this.#engine = engine;
    this.key = key;
    this.model = model;
    this.#listener = engine.streams.listen(fd, this);
  }

  accepted(stream: number, remoteAddress: string, remotePort: number): void {
    const engine = this.#engine;
    engine.traffic.accepted();
    const table = engine.tables.listeners.get(this.key);
    if (!table || !engine.hasRoom()) return engine.streams.close(stream);
    engine.traffic.handled();
    const facts = { remoteAddress, remotePort, ...this.#local(stream) };
    const { proxyProtocol, tls } = this.model;
    const connection =
      proxyProtocol || tls || speaksHttp2(table.default, this.model)
        ? new Opening(engine, table, this.model, facts)
        : new H1Connection(engine, table, facts);
    const transport = new StreamTransport(engine.streams, connection);
    transport.take(stream);
    connection.open(transport);
    engine.remember(connection);
  }

  /** A socket bound to one address has no other; only a wildcard must ask the kernel. */
  #local(stream: number): { readonly localAddress: string; readonly localPort: number } {
    const { kind, address, port } = this.model;
    if (kind === 'unix') return { localAddress: `unix:${address}`, localPort: 0 };
    if (address !== '0.0.0.0' && address !== '::') return { localAddress: address, localPort: port };
    const local = localAddress(this.#engine.streams.fd(stream));
    return { localAddress: local.address.replace(/^::ffff:(?=\d+\.)/, ''), localPort: port };
  }

  acceptFault(errno: number): void {
    this.#engine.report({
      type: 'fault',
      message: `listener ${this.key}: cannot accept: ${getSystemErrorName(-errno)}; trying again in ${ACCEPT_PAUSE_MS} ms`,
    });
    setTimeout(() => this.#engine.streams.resumeAccepting(this.#listener), ACCEPT_PAUSE_MS).unref();
  }

  close(): void {
    this.#engine.streams.close(this.#listener);
  }
}
