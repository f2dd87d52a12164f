/** Which tables a connection goes by: those that were the newest when its last request began. */
import type { Engine } from '../engine.ts';
import type { ListenerTable } from '../listen.ts';
import type { ServerTable, Tables } from '../tables.ts';
import type { TlsInfo } from './downstream.ts';

export class ConnectionTables {
  listener: ListenerTable;
  /** Those that `listener` is of. */
  tables: Tables;
  /** Whose settings hold until a request names its server, and for what is no request's. */
  first: ServerTable;
  readonly #tls: TlsInfo | undefined;

  constructor(tables: Tables, listener: ListenerTable, tls: TlsInfo | undefined) {
    this.#tls = tls;
    this.tables = tables;
    this.listener = listener;
    this.first = this.#firstOf(listener);
  }

  /** A reload is for the requests after it. A connection whose address is no longer served goes on as it began. */
  renew({ tables }: Engine): void {
    if (tables === this.tables) return;
    const listener = tables.listeners.get(this.listener.key);
    if (!listener) return;
    this.listener = listener;
    this.tables = tables;
    this.first = this.#firstOf(listener);
  }

  #firstOf(listener: ListenerTable): ServerTable {
    return this.#tls ? listener.find(this.#tls.serverName) : listener.default;
  }
}
